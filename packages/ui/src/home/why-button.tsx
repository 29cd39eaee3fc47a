import { Button } from "@mantine/core";

/** Opens the causes below a line of a list. */
export function WhyButton({ isOpen, onClick, about }: { isOpen: boolean; onClick: () => void; about: string }) {
  return (
    <Button size="compact-xs" variant="subtle" fw={500} flex="none" aria-expanded={isOpen} onClick={onClick}>
      {isOpen ? "Hide" : "Why?"}
      <span className="visually-hidden"> {about}</span>
    </Button>
  );
}
