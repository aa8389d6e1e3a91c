/** How a state looks, everywhere: a shape, a colour and a word. */
import styles from "./StateMark.module.css";

const words: Readonly<Record<string, string>> = {
  running: "running",
  ready: "about to start",
  queued: "waits for its turn",
  waiting: "waits",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
  diverged: "diverged",
  outdated: "outdated",
  unknown: "outcome unknown",
  due: "due",
  idle: "idle",
  paused: "paused",
  fired: "ran",
  skipped: "skipped",
  missed: "missed",
};

export function nameState(state: string): string {
  return words[state] ?? state;
}

/** A state as a shape, a colour and a word; the word is hidden where it stands beside it anyway. */
export function StateMark({ state }: { state: string }) {
  return (
    <span className={styles.state} data-state={state} title={nameState(state)}>
      <svg
        viewBox="0 0 16 16"
        width={15}
        height={15}
        aria-hidden="true"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.7"
        strokeLinecap="round"
        strokeLinejoin="round"
      >
        {shapeOf(state)}
      </svg>
      <span className="sr">{nameState(state)}</span>
    </span>
  );
}

function shapeOf(state: string) {
  switch (state) {
    case "running":
      return (
        <>
          <circle cx="8" cy="8" r="5.6" opacity="0.28" />
          <path d="M8 2.4A5.6 5.6 0 0 1 13.6 8" />
        </>
      );
    case "ready":
    case "due":
      return <circle cx="8" cy="8" r="5.6" />;
    case "queued":
    case "idle":
      return <circle cx="8" cy="8" r="5.6" strokeDasharray="1.2 2.9" />;
    case "waiting":
      return <path d="M5.7 4v8M10.3 4v8" strokeWidth="2.2" />;
    case "paused":
      return <path d="M5.7 4v8M10.3 4v8" />;
    case "done":
    case "fired":
      return <path d="m3.4 8.5 3 3 6.2-6.6" />;
    case "failed":
      return <path d="m4.2 4.2 7.6 7.6M11.8 4.2l-7.6 7.6" strokeWidth="2" />;
    case "cancelled":
    case "skipped":
      return (
        <>
          <circle cx="8" cy="8" r="5.6" />
          <path d="m4.3 11.7 7.4-7.4" />
        </>
      );
    case "missed":
      return <path d="M4 8h8" strokeWidth="2" />;
    default:
      return (
        <>
          <path d="m8 1.6 6.4 6.4L8 14.4 1.6 8z" fill="currentColor" stroke="none" opacity="0.2" />
          <path d="m8 1.6 6.4 6.4L8 14.4 1.6 8z" />
          <path d="M8 5.4v3M8 10.7v.1" />
        </>
      );
  }
}
