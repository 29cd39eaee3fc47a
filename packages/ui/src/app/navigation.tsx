import { ActionIcon, Drawer, Menu, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown, IconMenu2 } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import { usePermissions } from "../api/use-permissions.ts";
import { type PageEntry, PAGES, type PageSection, SECTION_TITLES } from "./pages.ts";
import classes from "./shell.module.css";

/** The pages that the user may see. */
export function useVisiblePages(): readonly PageEntry[] {
  const may = usePermissions();
  return PAGES.filter(({ permission }) => permission === null || may(permission));
}

/** The pages beside the name of the product; the less frequent ones in menus. */
export function Navigation() {
  const pages = useVisiblePages();
  return (
    <nav aria-label="Pages" className={classes["wide"]}>
      {pages
        .filter(({ section }) => section === "main")
        .map(({ path, title }) => (
          <Link key={path} to={path} className={classes["link"]} activeOptions={{ exact: path === "/", includeSearch: false }}>
            {title}
          </Link>
        ))}
      <SectionMenu section="operate" pages={pages} />
      <SectionMenu section="admin" pages={pages} />
    </nav>
  );
}

function SectionMenu({ section, pages }: { section: PageSection; pages: readonly PageEntry[] }) {
  const { pathname } = useLocation();
  const own = pages.filter((page) => page.section === section);
  if (own.length === 0) return null;
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <UnstyledButton className={classes["link"]} data-current={own.some(({ path }) => pathname.startsWith(path)) || undefined}>
          {SECTION_TITLES[section]} <IconChevronDown size={14} aria-hidden className={classes["more"]} />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {own.map(({ path, title, icon: Icon }) => (
          <Menu.Item key={path} component={Link} to={path} leftSection={<Icon size={16} aria-hidden />}>
            {title}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** On narrow screens: all pages in a drawer. */
export function NarrowNavigation() {
  const [isOpen, { open, close }] = useDisclosure();
  const pages = useVisiblePages();
  return (
    <>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label="All pages" className={classes["narrow"]} onClick={open}>
        <IconMenu2 size={20} />
      </ActionIcon>
      <Drawer opened={isOpen} onClose={close} title="Tradewind" size={280}>
        <Stack component="nav" aria-label="Pages" gap="md">
          {(["main", "operate", "admin"] as const).map((section) => {
            const own = pages.filter((page) => page.section === section);
            return own.length === 0 ? null : (
              <Stack key={section} gap={2}>
                {section !== "main" && (
                  <Text size="xs" c="dimmed" px={10}>
                    {SECTION_TITLES[section]}
                  </Text>
                )}
                {own.map(({ path, title, icon: Icon }) => (
                  <Link
                    key={path}
                    to={path}
                    className={classes["entry"]}
                    activeOptions={{ exact: path === "/", includeSearch: false }}
                    onClick={close}
                  >
                    <Icon size={18} aria-hidden />
                    {title}
                  </Link>
                ))}
              </Stack>
            );
          })}
        </Stack>
      </Drawer>
    </>
  );
}
