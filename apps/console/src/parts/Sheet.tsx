import type { ReactNode } from "react";
import { Dialog } from "./Dialog.tsx";
import { IconButton } from "./IconButton.tsx";
import { Region } from "./Region.tsx";
import styles from "./Sheet.module.css";

export interface SheetProps {
  title: string;
  isWide?: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** Something beside the screen: from the right on a desk, from below on a phone. */
export function Sheet({ title, isWide = false, onClose, children }: SheetProps) {
  return (
    <Dialog className={styles.sheet} data-wide={isWide || undefined} aria-label={title} onClose={onClose}>
      <div className={styles.inside}>
        <header>
          <h2>{title}</h2>
          <IconButton icon="x" label="Close" onClick={onClose} />
        </header>
        <Region label={`${title}, contents`} className={styles.body}>
          {children}
        </Region>
      </div>
    </Dialog>
  );
}
