/** The first run: a model, two names, jobs to begin with, and a first message. Every step can be left out, and all of it is in Settings later. */
import { useState } from "react";
import { useLocation } from "wouter";
import { useConsole, useFeed } from "../../live/console-context.ts";
import { BrandMark } from "../../parts/BrandMark.tsx";
import { Button } from "../../parts/Button.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { leaveWelcome } from "../../parts/welcome.ts";
import { HelloStep } from "./HelloStep.tsx";
import { JobsStep } from "./JobsStep.tsx";
import { ModelStep } from "./ModelStep.tsx";
import { NamesStep } from "./NamesStep.tsx";
import styles from "./WelcomeScreen.module.css";

const steps = [
  { name: "Model", title: "Which model shall your agent think with?", view: ModelStep },
  { name: "Names", title: "Who are you, and who is your agent?", view: NamesStep },
  { name: "Jobs", title: "What shall it do by itself?", view: JobsStep },
  { name: "Hello", title: "Say hello", view: HelloStep },
] as const;

export function WelcomeScreen() {
  const [, navigate] = useLocation();
  const status = useFeed("status");
  const hasModel = status?.model.mode === "live";
  // The gateway that was asked to start anew: another answers when they are back.
  const [left, setLeft] = useState<string>();
  const isAway = left !== undefined && status?.startedAt === left;
  const [reached, setReached] = useState<number>();
  // A person who has a model comes for the rest.
  const at = reached ?? (hasModel ? 1 : 0);
  const step = steps[at] ?? steps[0];
  const { view: View } = step;
  return (
    <main className={styles.page}>
      <header className={styles.head}>
        <BrandMark size={28} />
        <b>Roost</b>
        <Button
          look="quiet"
          size="small"
          onClick={() => {
            leaveWelcome();
            navigate("/");
          }}
        >
          Look around first
        </Button>
      </header>
      <ol className={styles.steps} aria-label="Steps">
        {steps.map(({ name }, index) => (
          <li key={name} aria-current={index === at ? "step" : undefined} data-done={index < at || undefined}>
            <i aria-hidden="true">{index < at ? <Icon name="check" size={12} /> : index + 1}</i> {name}
          </li>
        ))}
      </ol>
      <section className={styles.card} key={step.name} aria-labelledby="step-title">
        <h1 id="step-title" tabIndex={-1}>
          {step.title}
        </h1>
        <View
          onDone={() => setReached(at + 1)}
          isAway={isAway}
          onRestart={(isRestarting) => setLeft(isRestarting ? status?.startedAt : undefined)}
        />
      </section>
      <Restarting isAway={isAway} />
    </main>
  );
}

/** While the processes start anew, and where they do not come back. */
function Restarting({ isAway }: { isAway: boolean }) {
  const { feed } = useConsole();
  const failure = useFeed("failure");
  return (
    <p className={styles.link} role="status">
      {isAway && "Roost is starting again; this takes a few seconds."}
      {!isAway && failure !== undefined && (
        <>
          {failure}{" "}
          <button type="button" onClick={feed.read}>
            Try again
          </button>
        </>
      )}
    </p>
  );
}
