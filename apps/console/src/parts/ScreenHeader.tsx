import type { ReactNode } from "react";
import styles from "./ScreenHeader.module.css";

export interface ScreenHeaderProps {
  title: ReactNode;
  /** What stands beside the title, in a few words. */
  sub?: ReactNode;
  /** Before the title: a way back. */
  lead?: ReactNode;
  children?: ReactNode;
}

export function ScreenHeader({ title, sub, lead, children }: ScreenHeaderProps) {
  return (
    <header className={styles.header}>
      {lead}
      <h1 className={styles.title}>{title}</h1>
      {sub !== undefined && <p className={styles.sub}>{sub}</p>}
      <div className={styles.actions}>{children}</div>
    </header>
  );
}
