import type { ComponentProps } from "react";
import styles from "./Region.module.css";

export interface RegionProps extends ComponentProps<"div"> {
  /** What it is, for those who do not see it. */
  label: string;
}

/** A part of the page that scrolls by itself, by keys too. */
export function Region({ label, className = "", ...rest }: RegionProps) {
  return <div className={`${styles.region} ${className}`} tabIndex={0} role="region" aria-label={label} {...rest} />;
}
