/** Colours of code, as elements with classes. Loaded when code is first shown. */
import { createLowlight } from "lowlight";
import bash from "highlight.js/lib/languages/bash";
import json from "highlight.js/lib/languages/json";
import markdown from "highlight.js/lib/languages/markdown";
import python from "highlight.js/lib/languages/python";
import sql from "highlight.js/lib/languages/sql";
import typescript from "highlight.js/lib/languages/typescript";
import yaml from "highlight.js/lib/languages/yaml";
import type { ReactNode } from "react";
import styles from "./CodeBlock.module.css";

const names: Readonly<Record<string, string>> = {
  sh: "bash",
  shell: "bash",
  js: "typescript",
  jsx: "typescript",
  ts: "typescript",
  tsx: "typescript",
  javascript: "typescript",
  py: "python",
  yml: "yaml",
  md: "markdown",
};
const charsMax = 40_000;
/** One for all blocks: each compiles its languages anew. */
const lowlight = createLowlight({ bash, json, markdown, python, sql, typescript, yaml });

export function paintCode(code: string, language: string): ReactNode {
  const name = names[language] ?? language;
  if (!lowlight.registered(name) || code.length > charsMax) return code;
  return (lowlight.highlight(name, code).children as PaintedNode[]).map(paint);
}

interface PaintedNode {
  type: string;
  value?: string;
  properties?: { className?: string[] };
  children?: PaintedNode[];
}

function paint({ type, value, properties, children }: PaintedNode, key: number): ReactNode {
  if (type === "text") return value;
  const kind = properties?.className?.[0]?.replace("hljs-", "") ?? "";
  return (
    <span key={key} className={styles[kind]}>
      {children?.map(paint)}
    </span>
  );
}
