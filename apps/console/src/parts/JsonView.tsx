import { visibleText } from "@roost/base/browser";
import styles from "./JsonView.module.css";

const charsMax = 20_000;

/** A value as indented JSON, its parts told apart; what is very long is cut, and says so, unless a person decides by it (`isWhole`). */
export function JsonView({ value, isWhole = false }: { value: unknown; isWhole?: boolean }) {
  const shown = (text: string) => visibleText(isWhole ? text : cut(text));
  if (typeof value === "string" && value.includes("\n"))
    return <pre className={`${styles.json} verbatim`}>{shown(value)}</pre>;
  const text = shown(JSON.stringify(value, null, 2) ?? "nothing");
  return (
    <pre className={`${styles.json} verbatim`} tabIndex={0}>
      {[...text.matchAll(token)].map((match) => paint(match[0], match.index))}
    </pre>
  );
}

const token = /"(?:[^"\\]|\\.)*"(?:\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\b(?:true|false|null)\b|[^"\w-]+|[\s\S]/g;

function paint(text: string, key: number) {
  if (!/^["\d-]|^(?:true|false|null)$/.test(text)) return text;
  const kind = text.endsWith(":") ? "key" : text.startsWith('"') ? "text" : "value";
  return (
    <span key={key} data-kind={kind}>
      {text}
    </span>
  );
}

function cut(text: string): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}\n… ${text.length - charsMax} more characters`;
}
