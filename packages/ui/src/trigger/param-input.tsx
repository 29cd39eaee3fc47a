import { Anchor, Autocomplete, Chip, Group, Input, JsonInput, Select, Switch, TagsInput, Text, Textarea, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTimeZone } from "../time/time-zone.tsx";
import type { Draft } from "./field-values.ts";
import { labelOf, type ParamField } from "./param-fields.ts";

interface ParamInputProps {
  field: ParamField;
  draft: Draft;
  problem: string | undefined;
  onChange: (draft: Draft) => void;
}

const MOST_CHIPS = 8;

/** The field of one param, by the kind of its values. */
export function ParamInput({ field, draft, problem, onChange }: ParamInputProps) {
  const { zone } = useTimeZone();
  const text = typeof draft === "string" ? draft : "";
  const list = Array.isArray(draft) ? [...(draft as string[])] : [];
  const common = {
    size: "sm" as const,
    label: <Label field={field} />,
    description: <Description field={field} zone={zone} />,
    error: problem,
    required: field.isRequired,
    withAsterisk: field.isRequired,
  };
  const typed = { ...common, value: text, onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value) };
  const placeholder = field.isNullable ? "nothing" : "";

  switch (field.kind) {
    case "boolean":
      return (
        <Switch
          label={<Label field={field} />}
          description={<Description field={field} zone={zone} />}
          error={problem}
          checked={draft === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "choice":
      return (
        <Select
          {...common}
          data={field.options.map(({ value, label }) => ({ value: JSON.stringify(value), label }))}
          value={text === "" ? null : text}
          placeholder={placeholder}
          clearable={field.isNullable}
          searchable={field.options.length > MOST_CHIPS}
          onChange={(value) => onChange(value ?? "")}
        />
      );
    case "choices":
      return field.options.length <= MOST_CHIPS ? (
        <Input.Wrapper {...common}>
          <Chip.Group multiple value={list} onChange={(next) => onChange(next)}>
            <Group gap={6} mt={6} role="group" aria-label={field.title}>
              {field.options.map(({ value, label }) => (
                <Chip key={label} size="xs" radius="sm" value={typeof value === "string" ? value : JSON.stringify(value)}>
                  {label}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
        </Input.Wrapper>
      ) : (
        <TagsInput {...common} data={field.options.map(({ label }) => label)} value={list} onChange={(next) => onChange(next)} />
      );
    case "list":
      return (
        <TagsInput
          {...common}
          data={field.options.map(({ label }) => label)}
          value={list}
          placeholder={list.length === 0 ? "type and press Enter" : ""}
          onChange={(next) => onChange(next)}
        />
      );
    case "json":
      return (
        <JsonInput {...common} value={text} onChange={onChange} formatOnBlur autosize minRows={3} maxRows={14} placeholder={placeholder || "JSON"} />
      );
    case "lines":
      return <Textarea {...typed} autosize minRows={3} maxRows={14} placeholder={placeholder} />;
    case "const":
      return <TextInput {...common} value={field.options[0]?.label ?? text.replace(/^"|"$/g, "")} readOnly variant="filled" />;
    case "number":
    case "integer":
      return <TextInput {...typed} inputMode={field.kind === "integer" ? "numeric" : "decimal"} placeholder={placeholder} />;
    case "date":
      return <TextInput {...typed} type="date" />;
    case "time":
      return <TextInput {...typed} type="time" step={1} />;
    case "date-time":
      return <TextInput {...typed} type="datetime-local" step={1} />;
    case "text":
      return field.options.length > 0 ? (
        <Autocomplete
          {...common}
          data={[...new Set(field.options.map(({ label }) => label))]}
          value={text}
          onChange={onChange}
          placeholder={placeholder}
        />
      ) : (
        <TextInput {...typed} placeholder={placeholder} />
      );
  }
}

function Label({ field }: { field: ParamField }) {
  return (
    <>
      {field.title}
      {field.title !== field.name && (
        <Text span size="xs" c="dimmed" fw={400} ff="monospace" ml={6}>
          {field.name}
        </Text>
      )}
    </>
  );
}

/** What the author says, and the limits that can be told before something is wrong. */
function Description({ field, zone }: { field: ParamField; zone: string }): ReactNode {
  const limits = limitsOf(field, zone);
  const said = field.descriptionMd === null ? field.description : <InlineMarkdown text={field.descriptionMd} />;
  if (said === null && limits === "") return null;
  return (
    <>
      {said}
      {said !== null && limits !== "" && " · "}
      {limits}
    </>
  );
}

function limitsOf({ kind, schema, isNullable }: ParamField, zone: string): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, pattern, maxLength } = schema;
  const least = minimum !== undefined ? `from ${labelOf(minimum)}` : exclusiveMinimum !== undefined ? `more than ${labelOf(exclusiveMinimum)}` : "";
  const most = maximum !== undefined ? `to ${labelOf(maximum)}` : exclusiveMaximum !== undefined ? `less than ${labelOf(exclusiveMaximum)}` : "";
  return [
    kind === "integer" ? "whole number" : kind === "date-time" ? `in ${zone}` : "",
    [least, most].filter((part) => part !== "").join(" "),
    multipleOf === undefined ? "" : `in steps of ${labelOf(multipleOf)}`,
    typeof pattern === "string" ? `like ${pattern}` : "",
    maxLength === undefined ? "" : `up to ${labelOf(maxLength)} characters`,
    isNullable ? "may be empty" : "",
  ]
    .filter((part) => part !== "")
    .join(", ");
}

const INLINE = /(\*\*[^*]+\*\*|\*[^*]+\*|`[^`]+`|\[[^\]]+\]\(https?:\/\/[^)\s]+\))/;

/** A description is a sentence or two: what stands inside a line of markdown is enough. */
function InlineMarkdown({ text }: { text: string }) {
  return text.split(INLINE).map((part, place) => {
    const key = `${place} ${part}`;
    if (part.startsWith("**")) return <strong key={key}>{part.slice(2, -2)}</strong>;
    if (part.startsWith("`")) return <code key={key}>{part.slice(1, -1)}</code>;
    if (part.startsWith("*") && part.length > 1) return <em key={key}>{part.slice(1, -1)}</em>;
    const link = /^\[([^\]]+)\]\((.+)\)$/.exec(part);
    return link === null ? (
      part
    ) : (
      <Anchor key={key} href={link[2]} target="_blank" rel="noreferrer" underline="always" inherit>
        {link[1]}
      </Anchor>
    );
  });
}
