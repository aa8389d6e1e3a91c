import type { ButtonHTMLAttributes } from "react";
import { Icon } from "./Icon.tsx";
import type { IconName } from "./icon-paths.ts";
import styles from "./Button.module.css";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** main: what one most likely wants. quiet: without a frame. */
  look?: "plain" | "main" | "quiet";
  size?: "normal" | "small";
  icon?: IconName;
  /** The key that does the same. */
  shortcut?: string;
  isBusy?: boolean;
}

export function Button({
  look = "plain",
  size = "normal",
  icon,
  shortcut,
  isBusy = false,
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      className={styles.button}
      data-look={look}
      data-size={size}
      aria-busy={isBusy || undefined}
      {...rest}
    >
      {icon !== undefined && <Icon name={icon} size={14} />}
      {children !== undefined && <span>{children}</span>}
      {shortcut !== undefined && <kbd aria-hidden="true">{shortcut}</kbd>}
    </button>
  );
}
