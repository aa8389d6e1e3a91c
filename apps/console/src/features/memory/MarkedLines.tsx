import type { HomeFileRecord } from "@roost/contract/operations";
import { useConsole } from "../../live/console-context.ts";
import { Button } from "../../parts/Button.tsx";
import { useAct } from "../../parts/use-act.ts";
import styles from "./MarkedLines.module.css";

export interface MarkedLinesProps {
  path: string;
  mark: NonNullable<HomeFileRecord["mark"]>;
  onChange: () => void;
}

const shownMax = 6;

/** Which lines come from outside and from where; who vouches for them takes the mark away. */
export function MarkedLines({ path, mark, onChange }: MarkedLinesProps) {
  const { client } = useConsole();
  const { isBusy, refusal, act } = useAct(onChange);
  const { lines, sources } = mark;
  const where =
    lines === null ? "All of it rests" : lines.length === 1 ? "One place rests" : `${lines.length} places rest`;
  return (
    <div className={`callout ${styles.marked}`} data-tone="odd">
      <p>
        {where} on content from {sources.length === 0 ? "outside" : sources.join(", ")}: sessions are told not to trust
        it.
      </p>
      <div>
        {lines?.slice(0, shownMax).map(({ from, to }) => (
          <Button
            key={from}
            size="small"
            isBusy={isBusy}
            onClick={() => act(() => client.trustFile({ path, fromLine: from, toLine: to }))}
          >
            I vouch for {from === to ? `line ${from}` : `lines ${from} to ${to}`}
          </Button>
        ))}
        {lines?.length !== 1 && (
          <Button size="small" isBusy={isBusy} onClick={() => act(() => client.trustFile({ path }))}>
            I vouch for all of it
          </Button>
        )}
      </div>
      {refusal !== undefined && <p role="alert">{refusal}</p>}
    </div>
  );
}
