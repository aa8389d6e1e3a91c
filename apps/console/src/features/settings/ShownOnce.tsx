import type { ReactNode } from "react";
import styles from "./SettingsScreen.module.css";

/** A secret or a code, which nothing shows again. */
export function ShownOnce({ text, children }: { text: string; children: ReactNode }) {
  return (
    <p className={`callout ${styles.once}`} role="status">
      {children}
      <code className="mono">{text}</code>
    </p>
  );
}
