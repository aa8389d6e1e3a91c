import type { ReactNode } from "react";
import { Link } from "wouter";
import styles from "./ScreenHeader.module.css";

export interface ScreenHeaderProps {
  title: ReactNode;
  /** What stands beside the title, in a few words. */
  sub?: ReactNode;
  /** Before the title: the screen that leads here. */
  back?: { href: string; name: string };
  children?: ReactNode;
}

export function ScreenHeader({ title, sub, back, children }: ScreenHeaderProps) {
  return (
    <header className={styles.header}>
      {back !== undefined && (
        <Link href={back.href} className={styles.back}>
          {back.name} <span aria-hidden="true">/</span>
        </Link>
      )}
      <h1 className={styles.title}>{title}</h1>
      {sub !== undefined && <p className={styles.sub}>{sub}</p>}
      <div className={styles.actions}>{children}</div>
    </header>
  );
}
