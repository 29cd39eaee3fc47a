import { ActionIcon, Loader, Select, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowsDiff, IconMinus, IconPencil, IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { type DagVersionUse, dagVersionQuery, dagVersionsQuery } from "../api/dag-code.ts";
import { readLineHash, writeLineHash } from "../logs/log-view.ts";
import { CopyAction } from "../parts/copy-action.tsx";
import { Problem } from "../parts/problem.tsx";
import { formatInstant } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import { useTimeZone } from "../time/time-zone.tsx";
import { type CodeSearch, readCodeSearch } from "./code-search.ts";
import { type SpecChange, specChanges } from "./spec-changes.ts";
import classes from "./code.module.css";

const ROUTE = "/dags/$dagId/code";
// The editor is a chunk of its own: it comes while the code itself is asked for.
const CodeView = lazy(() => import("./code-view.tsx").then(({ CodeView: component }) => ({ default: component })));
const DiffView = lazy(() => import("./diff-view.tsx").then(({ DiffView: component }) => ({ default: component })));

/** The code of a DAG as any of its versions had it, which runs are of it, and what changed between two. */
export function CodePage() {
  const { dagId } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: ROUTE });
  const versions = useQuery(dagVersionsQuery(dagId));
  if (versions.data === undefined) return versions.isError ? <Problem error={versions.error} retry={() => void versions.refetch()} /> : <Waiting />;
  const latest = versions.data[0];
  if (latest === undefined) return null;
  const version = search.version ?? latest.version_number;
  const use = versions.data.find((one) => one.version_number === version);
  const change = (next: CodeSearch): void => void navigate({ search: readCodeSearch({ ...next }), replace: true, resetScroll: false });
  return (
    <div className={classes["page"]}>
      <Content
        dagId={dagId}
        version={version}
        compare={search.compare}
        use={use}
        versions={versions.data}
        onVersion={(next) => change({ ...search, version: next })}
        onCompare={(next) => change({ ...search, compare: next })}
      />
    </div>
  );
}

interface ContentProps {
  dagId: string;
  version: number;
  compare: number | undefined;
  use: DagVersionUse | undefined;
  versions: readonly DagVersionUse[];
  onVersion: (version: number | undefined) => void;
  onCompare: (version: number | undefined) => void;
}

function Content({ dagId, version, compare, use, versions, onVersion, onCompare }: ContentProps) {
  const after = useQuery(dagVersionQuery(dagId, version));
  const before = useQuery({ ...dagVersionQuery(dagId, compare ?? version), enabled: compare !== undefined });
  const isWide = useMediaQuery("(min-width: 60em)", true, { getInitialValueInEffect: false });
  const [searches, setSearches] = useState(0);
  const { hash } = useLocation();
  const navigate = useNavigate({ from: ROUTE });
  const { zone } = useTimeZone();
  const picked = readLineHash(hash);
  const latest = versions[0]!.version_number;
  const older = versions.find((one) => one.version_number < version)?.version_number;
  const options = versions.map((one) => ({
    value: String(one.version_number),
    label: `Version ${one.version_number}${one.version_number === latest ? ", the latest" : ""}`,
    detail: `${formatInstant(one.created_at, zone, { seconds: false })}, ${runsOf(one.runs)}`,
  }));
  const pick = (line: number, extend: boolean): void => {
    const range = extend && picked !== null ? { from: Math.min(picked.from, line), to: Math.max(picked.from, line) } : { from: line, to: line };
    const isSame = picked?.from === range.from && picked.to === range.to;
    void navigate({ search: true, hash: isSame ? "" : writeLineHash(range), replace: true, resetScroll: false, hashScrollIntoView: false });
  };
  const error = after.error ?? before.error;
  return (
    <>
      <div className={classes["tools"]}>
        <Select
          size="xs"
          w={190}
          aria-label="Version"
          allowDeselect={false}
          value={String(version)}
          data={options}
          renderOption={({ option }) => <VersionOption option={option as (typeof options)[number]} />}
          onChange={(value) => onVersion(Number(value) === latest ? undefined : Number(value))}
        />
        <Select
          size="xs"
          w={190}
          aria-label="Compare with"
          placeholder="Compare with…"
          clearable
          leftSection={<IconArrowsDiff size={14} />}
          disabled={versions.length < 2}
          value={compare === undefined ? null : String(compare)}
          data={options.filter(({ value }) => value !== String(version))}
          renderOption={({ option }) => <VersionOption option={option as (typeof options)[number]} />}
          onChange={(value) => onCompare(value === null ? undefined : Number(value))}
        />
        {compare === undefined && older !== undefined && (
          <Link
            to={ROUTE}
            params={{ dagId }}
            search={(current) => readCodeSearch({ ...current, compare: older })}
            replace
            className={classes["link"]}
          >
            What changed since {older}
          </Link>
        )}
        <span className={classes["space"]} />
        <span className={classes["path"]} title={after.data?.relative_path}>
          {after.data?.relative_path}
        </span>
        {compare === undefined && (
          <Tooltip label="Search (Ctrl F in the code)">
            <ActionIcon variant="subtle" color="gray" aria-label="Search the code" onClick={() => setSearches((count) => count + 1)}>
              <IconSearch size={16} />
            </ActionIcon>
          </Tooltip>
        )}
        <CopyAction label="Copy the file" text={() => after.data?.source ?? ""} />
      </div>
      {use !== undefined && <AboutVersion dagId={dagId} use={use} />}
      {error !== null ? (
        <Problem error={error} retry={() => void Promise.all([after.refetch(), before.refetch()])} />
      ) : after.data === undefined || (compare !== undefined && before.data === undefined) ? (
        <Waiting />
      ) : (
        <Suspense fallback={<Waiting />}>
          {compare === undefined || before.data === undefined ? (
            <CodeView
              code={after.data.source}
              path={after.data.relative_path}
              label={`Code of version ${version}`}
              picked={picked}
              onPick={pick}
              searches={searches}
            />
          ) : (
            <>
              <Changes
                changes={compare < version ? specChanges(before.data.spec, after.data.spec) : specChanges(after.data.spec, before.data.spec)}
                isCodeSame={before.data.source === after.data.source}
              />
              <DiffView {...inOrder(before.data, after.data)} path={after.data.relative_path} isSideBySide={isWide} />
            </>
          )}
        </Suspense>
      )}
    </>
  );
}

/** The older one is what it was before, whichever was chosen first. */
function inOrder(a: { version_number: number; source: string }, b: { version_number: number; source: string }): { before: string; after: string } {
  const [before, after] = a.version_number < b.version_number ? [a, b] : [b, a];
  return { before: before.source, after: after.source };
}

function VersionOption({ option }: { option: { label: string; detail: string } }) {
  return (
    <div>
      <div>{option.label}</div>
      <div className={classes["detail"]}>{option.detail}</div>
    </div>
  );
}

function AboutVersion({ dagId, use }: { dagId: string; use: DagVersionUse }) {
  return (
    <div className={classes["about"]}>
      <span>
        Since <Instant at={use.created_at} seconds={false} />
      </span>
      <span>
        <Link to="/runs" search={{ dag: dagId, version: String(use.version_number) }}>
          {runsOf(use.runs)}
        </Link>
        {use.first_run_after !== null && (
          <>
            {" from "}
            <Instant at={use.first_run_after} seconds={false} /> to <Instant at={use.last_run_after} seconds={false} />
          </>
        )}
      </span>
      {use.last_run_id !== null && (
        <Link to="/dags/$dagId" params={{ dagId }} search={{ run: use.last_run_id }}>
          Latest run
        </Link>
      )}
    </div>
  );
}

function Changes({ changes, isCodeSame }: { changes: readonly SpecChange[]; isCodeSame: boolean }) {
  const icons = {
    added: <IconPlus size={14} aria-label="Added" />,
    removed: <IconMinus size={14} aria-label="Removed" />,
    changed: <IconPencil size={13} aria-label="Changed" />,
  };
  return (
    <ul className={classes["changes"]} aria-label="What changed">
      {changes.length === 0 && (
        <li data-kind="changed">
          {icons.changed}
          <span>
            {isCodeSame
              ? "The file is the same: what it imports, or what it was built with, changed."
              : "Tasks, order, options and schedule are the same: only code changed."}
          </span>
        </li>
      )}
      {changes.map(({ kind, subject, text }) => (
        <li key={`${kind} ${subject}`} data-kind={kind}>
          {icons[kind]}
          <span>
            <b>{subject}</b> {kind === "changed" ? text : kind}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Waiting() {
  return (
    <div className={classes["waiting"]}>
      <Loader size="sm" aria-label="Loading" />
    </div>
  );
}

function runsOf(count: number): string {
  return count === 0 ? "no runs" : `${count.toLocaleString("en")} ${count === 1 ? "run" : "runs"}`;
}
