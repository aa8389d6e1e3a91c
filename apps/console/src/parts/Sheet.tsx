import type { ReactNode } from "react";
import { Dialog } from "./Dialog.tsx";
import { IconButton } from "./IconButton.tsx";
import { Region } from "./Region.tsx";
import styles from "./Sheet.module.css";

/** Something beside the screen: from the right on a desk, from below on a phone. */
export function Sheet({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  return (
    <Dialog className={styles.sheet} aria-label={title} onClose={onClose}>
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
