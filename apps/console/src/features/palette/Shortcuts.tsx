import { Dialog } from "../../parts/Dialog.tsx";
import { IconButton } from "../../parts/IconButton.tsx";
import { usePlaces } from "../../parts/places.ts";
import styles from "./Shortcuts.module.css";

const others: readonly (readonly [string, string])[] = [
  ["Ctrl K", "Search or do"],
  ["?", "This list"],
  ["j k", "Next, previous row"],
  ["Enter", "Open the row"],
  ["a d 3", "First, second, third choice of what needs you"],
  ["n", "Pass it by"],
  ["[ ]", "Previous, next run"],
  ["e", "Next trouble in a run"],
  ["Esc", "Close"],
];

export function Shortcuts({ onClose }: { onClose: () => void }) {
  const places = usePlaces();
  const rows = [...places.map(({ key, name }) => [`g ${key}`, name] as const), ...others];
  return (
    <Dialog className={styles.sheet} aria-labelledby="shortcuts-title" onClose={onClose}>
      <header>
        <h2 id="shortcuts-title">Keyboard shortcuts</h2>
        <IconButton icon="x" label="Close" onClick={onClose} />
      </header>
      <dl>
        {rows.map(([keys, meaning]) => (
          <div key={keys}>
            <dt>
              {keys.split(" ").map((one) => (
                <kbd key={one}>{one}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
