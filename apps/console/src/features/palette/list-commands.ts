/** What the palette offers, from what is known. Pure but for the calls it is given. */
import type { ActivityRecord, AgentRecord, JobRecord, RunSummary, SessionRecord } from "@roost/contract/operations";
import type { IconName } from "../../parts/icon-paths.ts";
import type { Place } from "../../parts/places.ts";

export interface PaletteCommand {
  id: string;
  title: string;
  /** Further words that find it. */
  words: string;
  icon: IconName;
  hint: string;
  run: () => void;
}

export interface PaletteSources {
  places: readonly Place[];
  jobs: readonly JobRecord[];
  sessions: readonly SessionRecord[];
  agents: readonly AgentRecord[];
  rows: readonly ActivityRecord[];
  ended: readonly RunSummary[];
  go: (path: string) => void;
  runJob: (jobId: string) => void;
  onHelp: () => void;
  signOut: () => void;
}

export function listCommands(given: PaletteSources): PaletteCommand[] {
  const { places, go, onHelp, signOut } = given;
  const make = (
    id: string,
    title: string,
    icon: IconName,
    rest: { hint?: string; words?: string; run: () => void },
  ) => ({
    id,
    title,
    icon,
    hint: rest.hint ?? "",
    words: rest.words ?? "",
    run: rest.run,
  });
  return [
    ...places.map(({ path, name, icon, key }) =>
      make(`place:${path}`, name, icon, { hint: `g ${key}`, run: () => go(path) }),
    ),
    ...given.rows
      .filter(({ kind }) => kind === "run")
      .map(({ id, title, state, agent }) =>
        make(`run:${id}`, title, "activity", { hint: state, words: `run ${agent}`, run: () => go(`/runs/${id}`) }),
      ),
    ...given.sessions.map(({ key, title, agent }) =>
      make(`session:${key}`, title ?? key, "messages-square", {
        hint: "conversation",
        words: `chat ${key} ${agent}`,
        run: () => go(`/chat/${encodeURIComponent(key)}`),
      }),
    ),
    ...given.jobs.flatMap(({ id, definition }) => [
      make(`job:${id}`, definition.title ?? id, "calendar-clock", {
        hint: "job",
        words: id,
        run: () => go(`/jobs/${id}`),
      }),
      make(`start:${id}`, `Run ${definition.title ?? id} now`, "play", {
        hint: "does it",
        words: id,
        run: () => given.runJob(id),
      }),
    ]),
    ...given.agents.map(({ id, definition }) =>
      make(`agent:${id}`, `Talk to ${id}`, "bot", {
        hint: definition.title ?? "agent",
        words: "new conversation chat",
        run: () => go(`/chat?agent=${id}`),
      }),
    ),
    ...given.ended.map(({ id, title, state, agent }) =>
      make(`ended:${id}`, title, "history", { hint: state, words: `run ${agent}`, run: () => go(`/runs/${id}`) }),
    ),
    make("help", "Keyboard shortcuts", "keyboard", { hint: "?", run: onHelp }),
    make("sign-out", "Sign this browser out", "log-out", { run: signOut }),
  ];
}
