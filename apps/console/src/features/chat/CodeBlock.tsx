import { useEffect, useState, type ReactNode } from "react";
import { IconButton } from "../../parts/IconButton.tsx";
import styles from "./CodeBlock.module.css";

/** Code with its colours, which come when their program has been loaded. */
export function CodeBlock({ code, language }: { code: string; language: string }) {
  const [painted, setPainted] = useState<{ code: string; inside: ReactNode }>();
  const [isCopied, setCopied] = useState(false);
  const name = language.split(/\s/)[0]?.toLowerCase() ?? "";
  useEffect(() => {
    let isShown = true;
    void import("./paint-code.tsx").then(({ paintCode }) => {
      if (isShown) setPainted({ code, inside: paintCode(code, name) });
    });
    return () => {
      isShown = false;
    };
  }, [code, name]);
  const copy = () => {
    void navigator.clipboard.writeText(code).then(() => setCopied(true));
  };
  return (
    <figure className={styles.block}>
      <figcaption>
        <span>{name === "" ? "text" : name}</span>
        <IconButton icon={isCopied ? "check" : "copy"} label={isCopied ? "Copied" : "Copy"} size={14} onClick={copy} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{painted?.code === code ? painted.inside : code}</code>
      </pre>
    </figure>
  );
}
