/** What stands where nothing does yet: an empty list, an answer that is still read, and why one could not be. Reads nothing itself. */
import type { ReactNode } from "react";
import { Icon } from "./Icon.tsx";
import type { IconName } from "./icon-paths.ts";
import { Button } from "./Button.tsx";
import styles from "./Blank.module.css";

/** Nothing is here: one sentence, and the one thing to do. */
export function Blank({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className={styles.blank}>
      <Icon name={icon} size={22} />
      <p className={styles.title}>{title}</p>
      {children !== undefined && <div className={styles.more}>{children}</div>}
    </div>
  );
}

interface UnreadProps extends SkeletonProps {
  what: string;
  error: Error | undefined;
  onRetry: () => void;
}

/** Where an answer will stand: rows while it is read, or why it could not be. */
export function Unread({ what, error, onRetry, ...rows }: UnreadProps) {
  return error === undefined ? <Skeleton {...rows} /> : <Failure what={what} error={error} onRetry={onRetry} />;
}

interface FailureProps {
  what: string;
  error: Error;
  onRetry?: () => void;
  /** What else can be done. */
  children?: ReactNode;
}

/** What broke, its code, and trying again; never "no results". */
export function Failure({ what, error, onRetry, children }: FailureProps) {
  const code = (error as { code?: unknown }).code;
  return (
    <div className={styles.blank} role="alert" data-bad>
      <Icon name="triangle-alert" size={22} />
      <p className={styles.title}>{what} could not be read</p>
      <p className={styles.more}>{error.message}</p>
      {typeof code === "string" && <p className={`${styles.code} mono`}>{code}</p>}
      {onRetry !== undefined && <Button onClick={onRetry}>Try again</Button>}
      {children}
    </div>
  );
}

interface SkeletonProps {
  /** What is being done, for those who do not see the rows. */
  label: string;
  rows: number;
  rowPx?: number;
}

/** Rows that are still to come, as high as they will be. */
export function Skeleton({ label, rows, rowPx }: SkeletonProps) {
  const style = rowPx === undefined ? {} : { height: rowPx };
  return (
    <div role="status" aria-busy="true" className={styles.skeleton}>
      <span className="sr">{label}</span>
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} style={style} aria-hidden="true">
          <i style={{ width: `${42 + ((index * 37) % 41)}%` }} />
        </div>
      ))}
    </div>
  );
}
