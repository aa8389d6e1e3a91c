import { useConsole } from "../../live/console-context.ts";
import { Button } from "../../parts/Button.tsx";
import { ModelChooser } from "../../pieces/ModelChooser.tsx";
import type { StepProps } from "./step.ts";
import styles from "./WelcomeScreen.module.css";

export function ModelStep({ onDone, onRestart }: StepProps) {
  const { client } = useConsole();
  const onAdded = () => {
    // Its processes come back while the names are told.
    onRestart(true);
    void client.applySettings().then(
      ({ isRestarting }) => onRestart(isRestarting),
      () => onRestart(false),
    );
    onDone();
  };
  return (
    <>
      <p className={styles.says}>It is asked for one word first. Nothing else leaves this machine yet.</p>
      <ModelChooser onAdded={onAdded}>
        <Button look="quiet" onClick={onDone}>
          Without one for now
        </Button>
      </ModelChooser>
    </>
  );
}
