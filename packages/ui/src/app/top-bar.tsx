import { ActionIcon, Menu, Tooltip, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconKey, IconLogout, IconMoon, IconSun, IconUserCircle, IconWorld } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { logOut, type Session, setSession } from "../api/session.ts";
import { FIRST_ZONES, useTimeZone } from "../time/time-zone.tsx";
import { HealthSign } from "./health-sign.tsx";
import { Logo } from "./logo.tsx";
import { NarrowNavigation, Navigation } from "./navigation.tsx";
import { PaletteButton } from "./palette-button.tsx";
import classes from "./shell.module.css";

export function TopBar({ session }: { session: Session }) {
  return (
    <header className={classes["bar"]}>
      <NarrowNavigation />
      <Link to="/" className={classes["brand"]} aria-label="Tradewind">
        <Logo />
        <span className={classes["name"]}>Tradewind</span>
      </Link>
      <Navigation />
      <span className={classes["space"]} />
      <PaletteButton />
      <HealthSign />
      <ZoneMenu />
      <SchemeButton />
      <UserMenu session={session} />
    </header>
  );
}

function ZoneMenu() {
  const { zone, setZone } = useTimeZone();
  return (
    <Menu>
      <Menu.Target>
        <Tooltip label={`Times are shown in ${zone}`}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Time zone: ${zone}`}>
            <IconWorld size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown mah={360} style={{ overflow: "auto" }}>
        {[...FIRST_ZONES, ...Intl.supportedValuesOf("timeZone").filter((name) => !FIRST_ZONES.includes(name))].map((name) => (
          <Menu.Item key={name} onClick={() => setZone(name)} {...(name === zone ? { fw: 600, "aria-current": true } : {})}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <Tooltip label={`To the ${other} page`}>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`To the ${other} page`} onClick={() => setColorScheme(other)}>
        {scheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function UserMenu({ session }: { session: Session }) {
  const queryClient = useQueryClient();
  const leave = async () => {
    await logOut();
    setSession(queryClient, null);
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`${session.username}, ${session.role}`}>
          <IconUserCircle size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.username} · {session.role}
        </Menu.Label>
        <Menu.Item leftSection={<IconKey size={16} />} component={Link} to="/account">
          Account and API tokens
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void leave()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
