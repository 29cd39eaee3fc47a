import { Alert, Button, Checkbox, Collapse, Fieldset, Group, JsonInput, SegmentedControl, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconChevronDown, IconChevronRight, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { type FormEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { DagDetails } from "../api/queries.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { fromWallClock } from "../time/wall-clock.ts";
import { readJson } from "./field-values.ts";
import { bySection, type ParamField } from "./param-fields.ts";
import { ParamInput } from "./param-input.tsx";
import { type Conf, fillIn, formOf, problemsByParam } from "./trigger-form-model.ts";
import classes from "./trigger-form.module.css";
import { problemsOf, useTriggerRun } from "./use-trigger-run.ts";

const SETTLE_MS = 600;
/** Longer than a dialog takes to open. */
const FOCUS_AGAIN_MS = 300;

export function TriggerForm({
  dag,
  fields,
  first,
  onConf,
  onClose,
}: {
  dag: DagDetails;
  fields: readonly ParamField[];
  first: Conf;
  /** What is filled in so far. */
  onConf: (conf: Conf) => void;
  onClose: () => void;
}) {
  const { zone } = useTimeZone();
  const may = usePermissions();
  const [values, setValues] = useState(() => formOf(fields, first, zone));
  const [json, setJson] = useState<string | null>(fields.length === 0 && Object.keys(first).length > 0 ? JSON.stringify(first, null, 2) : null);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [isAsked, setAsked] = useState(false);
  const [options, setOptions] = useState({ runId: "", logicalDate: "", runAfter: "", note: "" });
  const [isUnpausing, setUnpausing] = useState(true);
  const [isDraining, setDraining] = useState(dag.scheduling_state === "draining");
  const trigger = useTriggerRun(dag.dag_id, onClose);
  const element = useRef<HTMLFormElement>(null);
  // The dialog is there before the params are, with the focus at its close button.
  const hasParams = fields.length > 0 || json !== null;
  // oxlint-disable-next-line react/exhaustive-deps -- once
  useEffect(() => focusFirst(element.current!, hasParams), []);
  // The dialog may still have been about to give the focus to its close button.
  useEffect(() => {
    const timer = setTimeout(() => {
      if (element.current?.contains(document.activeElement) === false) focusFirst(element.current, hasParams);
    }, FOCUS_AGAIN_MS);
    return () => clearTimeout(timer);
    // oxlint-disable-next-line react/exhaustive-deps -- once
  }, []);
  const tellConf = useDebouncedCallback(onConf, SETTLE_MS);

  const read = json === null ? undefined : readJson(json.trim() === "" ? "{}" : json);
  const jsonProblem =
    read === undefined ? undefined : "problem" in read ? read.problem : isObject(read.value) ? undefined : "Conf must be an object: { … }.";
  const form = useMemo(
    () => (read !== undefined && "value" in read && isObject(read.value) ? formOf(fields, read.value, zone) : values),
    [fields, read, values, zone],
  );
  const filled = useMemo(() => fillIn(fields, form, zone), [fields, form, zone]);
  const said = useMemo(() => problemsByParam(fields, problemsOf(trigger.error)), [fields, trigger.error]);
  const problemOf = (name: string) => (touched.has(name) || isAsked ? filled.problems[name] : undefined) ?? said.byParam[name];
  const wrong = Object.keys(filled.problems);
  const shownProblems = fields.flatMap(({ name }) =>
    (isAsked && filled.problems[name] !== undefined) || said.byParam[name] !== undefined ? [name] : [],
  );

  const change = (name: string, draft: (typeof values.drafts)[string]) => {
    const next = { ...form, drafts: { ...form.drafts, [name]: draft } };
    trigger.reset();
    setValues(next);
    setTouched(new Set([...touched, name]));
    tellConf(fillIn(fields, next, zone).conf);
  };
  const showAs = (view: string) => {
    if (view === "json") setJson(JSON.stringify(filled.conf, null, 2));
    else if (jsonProblem === undefined) {
      setValues(form);
      setJson(null);
    }
  };
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setAsked(true);
    if (wrong.length > 0 || jsonProblem !== undefined) {
      showFirstProblem(event.currentTarget);
      return;
    }
    const { currentTarget } = event;
    const run = {
      conf: filled.conf,
      runId: options.runId.trim(),
      logicalDate: fromWallClock(options.logicalDate, zone),
      runAfter: fromWallClock(options.runAfter, zone),
      note: options.note,
      isDraining,
      isUnpausing: !isDraining && dag.is_paused && isUnpausing && may("dags:edit", dag.dag_id),
    };
    trigger.mutate(run, { onError: () => showFirstProblem(currentTarget) });
  };

  return (
    <form ref={element} onSubmit={submit} noValidate>
      <Stack gap="md">
        <Group justify="space-between" gap="sm">
          <Text size="sm" c="dimmed" style={{ flex: "1 1 200px" }}>
            {fields.length === 0 ? "This DAG has no params." : dag.description}
          </Text>
          <SegmentedControl
            size="xs"
            aria-label="How the params are written"
            value={json === null ? "form" : "json"}
            onChange={showAs}
            data={[
              { value: "form", label: "Form", disabled: jsonProblem !== undefined },
              { value: "json", label: "JSON" },
            ]}
          />
        </Group>

        {json === null ? (
          bySection(fields).map(({ section, fields: members }) => (
            <Section key={section} title={section}>
              {members.map((field) => (
                <ParamInput
                  key={field.name}
                  field={field}
                  draft={form.drafts[field.name] ?? ""}
                  problem={problemOf(field.name)}
                  onChange={(draft) => change(field.name, draft)}
                />
              ))}
            </Section>
          ))
        ) : (
          <JsonInput
            label="Conf"
            description="Params by name; what is no param of the DAG is there for its tasks too."
            value={json}
            onChange={(text) => {
              trigger.reset();
              setJson(text);
            }}
            formatOnBlur
            autosize
            minRows={8}
            maxRows={24}
            error={jsonProblem ?? (wrong.length > 0 ? wrong.map((name) => `${name}: ${filled.problems[name]}`).join(" ") : undefined)}
            spellCheck={false}
          />
        )}

        <RunOptionFields options={options} onChange={setOptions} zone={zone} />

        {dag.is_paused && (
          <Alert color="gray" icon={<IconPlayerPause />} p="sm" title="This DAG is paused">
            {may("dags:edit", dag.dag_id) ? (
              <Checkbox
                size="sm"
                label="Turn it on, so that the run begins"
                checked={isUnpausing || isDraining}
                disabled={isDraining}
                onChange={(event) => setUnpausing(event.currentTarget.checked)}
              />
            ) : (
              "The run waits until somebody turns it on."
            )}
          </Alert>
        )}
        {may("dags:edit", dag.dag_id) && (
          <Checkbox
            size="sm"
            label={dag.is_paused ? "Pause it again when its runs have ended" : "Pause the DAG when its runs have ended"}
            description="It drains: until then its schedule makes no runs."
            checked={isDraining}
            onChange={(event) => setDraining(event.currentTarget.checked)}
          />
        )}
        {said.others.length > 0 && (
          <Alert color="red" icon={<IconAlertTriangle />} p="sm">
            {said.others.join(" ")}
          </Alert>
        )}
        <Group justify="space-between" gap="sm" className={classes["foot"]}>
          <Text size="xs" className={classes["wrong"]} role="status">
            {shownProblems.length > 0 ? `To be corrected: ${shownProblems.join(", ")}` : ""}
          </Text>
          <Group gap="sm">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" leftSection={<IconPlayerPlay size={16} />} loading={trigger.isPending} disabled={jsonProblem !== undefined}>
              Trigger
            </Button>
          </Group>
        </Group>
      </Stack>
    </form>
  );
}

/** Once problems are shown, the first of them is where one goes on. */
function showFirstProblem(form: HTMLFormElement): void {
  requestAnimationFrame(() => form.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
}

/** Where one begins: at the first param, or at the button that triggers where there is none. The mark is for the dialog, which gives the focus a moment later. */
function focusFirst(form: HTMLFormElement, hasParams: boolean): void {
  const first = form.querySelector<HTMLElement>(hasParams ? "input:not([type=radio], [type=hidden]), textarea" : "[type=submit]");
  first?.setAttribute("data-autofocus", "");
  first?.focus({ preventScroll: true });
}

function isObject(value: unknown): value is Conf {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function Section({ title, children }: { title: string | null; children: ReactNode }) {
  if (title === null) return <Stack gap="md">{children}</Stack>;
  return (
    <Fieldset legend={title} p="md">
      <Stack gap="md">{children}</Stack>
    </Fieldset>
  );
}

interface RunFields {
  runId: string;
  logicalDate: string;
  runAfter: string;
  note: string;
}

/** What a run has besides its params; hardly ever needed, so folded. */
function RunOptionFields({ options, onChange, zone }: { options: RunFields; onChange: (options: RunFields) => void; zone: string }) {
  const [isOpen, { toggle }] = useDisclosure(false);
  const field = (name: keyof RunFields) => ({
    value: options[name],
    onChange: (event: { currentTarget: { value: string } }) => onChange({ ...options, [name]: event.currentTarget.value }),
  });
  return (
    <div>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        ml={-8}
        leftSection={isOpen ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
        aria-expanded={isOpen}
        onClick={toggle}
      >
        Run id, dates and note
      </Button>
      <Collapse expanded={isOpen}>
        <Stack gap="sm" pt="sm">
          <TextInput label="Run id" description="Empty: made from the time" {...field("runId")} />
          <Group grow align="flex-start" wrap="wrap" preventGrowOverflow={false}>
            <TextInput
              label="Logical date"
              description={`Empty: none; in ${zone}`}
              type="datetime-local"
              step={1}
              miw={220}
              {...field("logicalDate")}
            />
            <TextInput label="Run after" description={`Empty: now; in ${zone}`} type="datetime-local" step={1} miw={220} {...field("runAfter")} />
          </Group>
          <Textarea label="Note" autosize minRows={2} maxRows={8} maxLength={1000} {...field("note")} />
        </Stack>
      </Collapse>
    </div>
  );
}
