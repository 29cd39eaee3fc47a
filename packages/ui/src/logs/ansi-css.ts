import type { CSSProperties } from "react";
import { type AnsiColor, type AnsiStyle, TRUE_COLOR } from "./ansi.ts";

export type Rgb = readonly [red: number, green: number, blue: number];

/** What the log stands on, as in log-viewer.module.css. */
export const LOG_GROUND: Readonly<Record<"light" | "dark", Rgb>> = { light: [250, 251, 252], dark: [18, 22, 26] };
/** Contrast that WCAG AA asks of text. */
const READABLE = 4.5;
const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

const NAMED: readonly Rgb[] = [
  [30, 34, 40],
  [201, 42, 42],
  [43, 138, 62],
  [180, 120, 0],
  [28, 110, 200],
  [160, 60, 170],
  [12, 133, 153],
  [140, 148, 158],
  [110, 118, 129],
  [240, 90, 90],
  [70, 190, 100],
  [225, 170, 40],
  [80, 160, 250],
  [205, 110, 220],
  [50, 190, 210],
  [235, 239, 244],
];
const CUBE = [0, 95, 135, 175, 215, 255] as const;

export function rgbOf(color: AnsiColor): Rgb {
  if (color >= TRUE_COLOR) return [(color >> 16) & 255, (color >> 8) & 255, color & 255];
  if (color < 16) return NAMED[color]!;
  if (color >= 232) {
    const grey = 8 + (color - 232) * 10;
    return [grey, grey, grey];
  }
  const index = color - 16;
  return [CUBE[Math.floor(index / 36)]!, CUBE[Math.floor(index / 6) % 6]!, CUBE[index % 6]!];
}

export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The colour nearest to one that can be read on a ground: mixed with black or white as much as that takes. */
export function readableOn(ground: Rgb, color: Rgb): Rgb {
  const towards = contrast(ground, BLACK) > contrast(ground, WHITE) ? BLACK : WHITE;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = color.map((value, index) => Math.round(value + (towards[index]! - value) * share)) as unknown as Rgb;
    if (contrast(ground, mixed) >= READABLE) return mixed;
  }
  return towards;
}

const known = new Map<string, CSSProperties>();

/** How a part of a log looks. Colours are what the author chose as far as they can be read in light and dark. */
export function cssOf(style: AnsiStyle): CSSProperties {
  const key = JSON.stringify(style);
  let css = known.get(key);
  if (css === undefined) known.set(key, (css = toCss(style)));
  return css;
}

function toCss(style: AnsiStyle): CSSProperties {
  const css: CSSProperties = {};
  if (style.bold === true) css.fontWeight = 650;
  if (style.italic === true) css.fontStyle = "italic";
  const lines = [style.underline === true ? "underline" : "", style.strike === true ? "line-through" : ""].filter((line) => line !== "");
  if (lines.length > 0) css.textDecoration = lines.join(" ");
  if (style.color === undefined && style.background === undefined && style.inverse !== true) {
    return style.dim === true ? { ...css, color: "var(--tw-log-dim)" } : css;
  }
  return { ...css, ...colorsOf(style) };
}

function colorsOf(style: AnsiStyle): CSSProperties {
  const ground = (scheme: "light" | "dark"): Rgb => LOG_GROUND[scheme];
  const ink = (scheme: "light" | "dark"): Rgb => (scheme === "light" ? [31, 36, 42] : [214, 220, 227]);
  const pair = (scheme: "light" | "dark"): { color: Rgb; background: Rgb | undefined } => {
    const color = style.color === undefined ? ink(scheme) : rgbOf(style.color);
    const background = style.background === undefined ? undefined : rgbOf(style.background);
    if (style.inverse === true) return { color: background ?? ground(scheme), background: color };
    return { color, background };
  };
  const [light, dark] = [pair("light"), pair("dark")];
  return {
    color: either(readableOn(light.background ?? ground("light"), light.color), readableOn(dark.background ?? ground("dark"), dark.color)),
    ...(light.background === undefined || dark.background === undefined ? {} : { backgroundColor: either(light.background, dark.background) }),
  };
}

function either(light: Rgb, dark: Rgb): string {
  return `light-dark(rgb(${light.join(" ")}), rgb(${dark.join(" ")}))`;
}
