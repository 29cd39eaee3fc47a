import { createTheme, type CSSVariablesResolver, Loader, type MantineColorsTuple } from "@mantine/core";

/** Sea blue: the colour of what can be clicked, and of nothing else. States have colours of their own. */
const sea: MantineColorsTuple = ["#e6f6fc", "#cfe8f3", "#9ed0e6", "#69b6d9", "#41a0ce", "#2893c8", "#1686bd", "#0b6e99", "#045f86", "#004f72"];

export const theme = createTheme({
  primaryColor: "sea",
  // White on it can be read, in light and dark.
  primaryShade: 7,
  autoContrast: true,
  colors: { sea },
  defaultRadius: "sm",
  fontFamily: "Inter, ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "'JetBrains Mono', ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "1.375rem" }, h2: { fontSize: "1.0625rem" }, h3: { fontSize: "0.9375rem" } } },
  cursorType: "pointer",
  respectReducedMotion: true,
  // Without a role its label would be nobody's.
  components: { Loader: Loader.extend({ defaultProps: { role: "status" } }) },
});

/** Lesser text, and words about errors, that can still be read: at least 4.5 to 1 on every background that pages use, which Mantine's own is not. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#5b6670", "--mantine-color-placeholder": "#6a747e", "--mantine-color-error": "#b42318" },
  dark: { "--mantine-color-dimmed": "#a3adb8", "--mantine-color-placeholder": "#8f99a3", "--mantine-color-error": "#ff9a91" },
});
