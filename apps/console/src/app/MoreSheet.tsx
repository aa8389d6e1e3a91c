import { Link } from "wouter";
import { useConsole, useFeed } from "../live/console-context.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { Icon } from "../parts/Icon.tsx";
import type { ScreenEntry } from "./screens.ts";
import { ThemeButton } from "./ThemeButton.tsx";
import styles from "./MoreSheet.module.css";

export interface MoreSheetProps {
  screens: readonly ScreenEntry[];
  onClose: () => void;
  onSearch: () => void;
}

/** On a phone: the screens that have no place in the bar, search, theme and sign-out. */
export function MoreSheet({ screens, onClose, onSearch }: MoreSheetProps) {
  const { signOut } = useConsole();
  const home = useFeed("status")?.home;
  return (
    <Dialog className={styles.sheet} aria-label="More" onClose={onClose}>
      <nav aria-label="More screens">
        {screens
          .filter(({ isOnPhone }) => isOnPhone !== true)
          .map(({ path, name, icon }) => (
            <Link key={path} href={path} className={styles.item} onClick={onClose}>
              <Icon name={icon} size={20} /> {name}
            </Link>
          ))}
        <button
          type="button"
          className={styles.item}
          onClick={() => {
            onClose();
            onSearch();
          }}
        >
          <Icon name="search" size={20} /> Search or do
        </button>
        <button type="button" className={styles.item} onClick={signOut}>
          <Icon name="log-out" size={20} /> Sign this browser out
        </button>
      </nav>
      <p className={styles.foot}>
        <span>{home}</span> <ThemeButton />
      </p>
    </Dialog>
  );
}
