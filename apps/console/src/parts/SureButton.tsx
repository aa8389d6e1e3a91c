import { useEffect, useState } from "react";
import { IconButton } from "./IconButton.tsx";
import type { IconName } from "./icon-paths.ts";
import styles from "./SureButton.module.css";

export interface SureButtonProps {
  icon: IconName;
  label: string;
  /** What the second press answers: "Stop it?" */
  asks: string;
  /** Said while it is being done. */
  doing: string;
  isBusy: boolean;
  onSure: () => void;
}

const askedMsMax = 3_000;

/** What is not easily taken back: the first press asks, the second does it. A thumb may slip. */
export function SureButton({ icon, label, asks, doing, isBusy, onSure }: SureButtonProps) {
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    if (!isAsked) return undefined;
    const timer = setTimeout(() => setAsked(false), askedMsMax);
    return () => clearTimeout(timer);
  }, [isAsked]);
  if (!isAsked && !isBusy) return <IconButton icon={icon} label={label} onClick={() => setAsked(true)} />;
  return (
    <button type="button" className={styles.sure} disabled={isBusy} onClick={onSure} autoFocus>
      {isBusy ? doing : asks}
    </button>
  );
}
