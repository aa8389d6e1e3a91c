/** One field that reaches everything: screens, jobs, conversations, agents, runs, and what can be done. */
import { useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { useConsole, useFeed } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Dialog } from "../../parts/Dialog.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { usePlaces } from "../../parts/places.ts";
import { listCommands, type PaletteCommand } from "./list-commands.ts";
import { scoreMatch } from "./score-match.ts";
import styles from "./Palette.module.css";

const shownMax = 40;

export function Palette({ onClose, onHelp }: { onClose: () => void; onHelp: () => void }) {
  const list = useRef<HTMLUListElement>(null);
  const [typed, setTyped] = useState("");
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const commands = useCommands({ onHelp });
  const shown = useMemo(() => {
    const scored = commands.map((command) => ({
      command,
      score: scoreMatch(typed, `${command.title} ${command.words}`),
    }));
    const fitting = scored.filter(({ score }) => score > 0);
    if (typed.trim() !== "") fitting.sort((one, other) => other.score - one.score);
    return fitting.slice(0, shownMax).map(({ command }) => command);
  }, [commands, typed]);
  const run = (command: PaletteCommand | undefined) => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const move = (to: number) => {
    const next = (to + shown.length) % Math.max(1, shown.length);
    setChosen(next);
    list.current?.children[next]?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") move(chosen + 1);
    else if (event.key === "ArrowUp") move(chosen - 1);
    else if (event.key === "Enter") run(shown[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog className={styles.palette} aria-label="Search or do" onClose={onClose}>
      <div className={styles.field}>
        <Icon name="search" />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={id}
          aria-activedescendant={shown.length > 0 ? `${id}-${chosen}` : undefined}
          aria-label="Search or do"
          placeholder="Search or do"
          value={typed}
          spellCheck={false}
          autoComplete="off"
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setTyped(event.target.value);
            setChosen(0);
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <ul ref={list} id={id} role="listbox" aria-label="What fits" className={styles.list}>
        {shown.map((command, index) => (
          <li
            key={command.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            className={styles.item}
            onClick={() => run(command)}
            onPointerMove={() => setChosen(index)}
          >
            <Icon name={command.icon} />
            <span>{command.title}</span>
            <small>{command.hint}</small>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className={styles.none}>Nothing fits “{typed}”.</p>}
    </Dialog>
  );
}

function useCommands({ onHelp }: { onHelp: () => void }): PaletteCommand[] {
  const { client, feed, signOut } = useConsole();
  const [, go] = useLocation();
  const places = usePlaces();
  const { value: jobs } = useReading("jobs", () => client.listJobs({ limit: 200 }));
  const { value: sessions } = useReading("palette:sessions", () => client.listSessions({ limit: 100 }));
  const { value: agents } = useReading("palette:agents", () => client.listAgents({ limit: 100 }));
  const rows = useFeed("rows");
  const ended = useFeed("ended");
  return useMemo(
    () =>
      listCommands({
        places,
        jobs: jobs?.items ?? [],
        sessions: sessions?.items ?? [],
        agents: agents?.items ?? [],
        rows: rows ?? [],
        ended: ended ?? [],
        go,
        runJob: (jobId) => void client.runJob({ jobId, reason: "asked for on the console" }).then(feed.read, feed.read),
        onHelp,
        signOut,
      }),
    [places, jobs, sessions, agents, rows, ended, go, client, feed, onHelp, signOut],
  );
}
