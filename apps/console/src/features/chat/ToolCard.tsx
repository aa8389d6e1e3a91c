import { JsonView } from "../../parts/JsonView.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { parse, tellInput, type ToolUse } from "./fold-conversation.ts";
import styles from "./ToolCard.module.css";

/** A quiet line for a call of a tool; opened, it shows the real arguments and the real result. */
export function ToolCard({ tool }: { tool: ToolUse }) {
  const { name, input, output, isFailed } = tool;
  const state = output === undefined ? "running" : isFailed ? "failed" : "done";
  return (
    <details className={styles.card} data-state={state}>
      <summary>
        <Icon name={isFailed ? "triangle-alert" : "wrench"} size={13} />
        <span className="mono">{name}</span>
        <span className={styles.told}>{tellInput(input)}</span>
        <span className={styles.state}>{state === "done" ? "" : state}</span>
        <Icon name="chevron-right" size={13} />
      </summary>
      <div className={styles.inside}>
        <p>With</p>
        <JsonView value={input} />
        {output !== undefined && (
          <>
            <p>Result</p>
            <JsonView value={parse(output)} />
          </>
        )}
      </div>
    </details>
  );
}
