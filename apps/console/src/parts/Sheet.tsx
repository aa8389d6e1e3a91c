import { useEffect, useRef, type ReactNode } from "react";
import { IconButton } from "./IconButton.tsx";
import styles from "./Sheet.module.css";

/** Something beside the screen: from the right on a desk, from below on a phone. Escape and a press beside it close it. */
export function Sheet({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog}
      className={styles.sheet}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div className={styles.inside}>
        <header>
          <h2>{title}</h2>
          <IconButton icon="x" label="Close" onClick={onClose} />
        </header>
        <div className={styles.body} tabIndex={0} role="region" aria-label={`${title}, contents`}>
          {children}
        </div>
      </div>
    </dialog>
  );
}
