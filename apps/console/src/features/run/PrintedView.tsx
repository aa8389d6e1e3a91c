import { useLayoutEffect, useRef } from "react";
import { nameStep } from "../../parts/tell-step.ts";
import { readPrinted, type Printed } from "./fold-printed.ts";
import styles from "./PrintedView.module.css";

/** So near to the end one reads the end. */
const nearPx = 24;

/** What a program has printed, as it comes. Follows only a reader who is at the end. */
export function PrintedView({ printed: { step, text, isCut } }: { printed: Printed }) {
  const box = useRef<HTMLPreElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);
  return (
    <pre
      ref={box}
      className={`${styles.printed} verbatim`}
      role="region"
      aria-label={`What ${nameStep(step)} prints`}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight <= nearPx;
      }}
    >
      {isCut && <span className={styles.cut}>{"… the step has all of it when it has ended\n"}</span>}
      {readPrinted(text)}
    </pre>
  );
}
