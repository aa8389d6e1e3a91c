import { useEffect, useState } from "react";
import { useConsole } from "../live/console-context.ts";
import { IconButton } from "./IconButton.tsx";
import styles from "./StopButton.module.css";

const askedMsMax = 3_000;

/** Ends a run. The first press asks, the second does it: a thumb may slip. */
export function StopButton({ runId, title }: { runId: string; title: string }) {
  const { client, feed } = useConsole();
  const [step, setStep] = useState<"idle" | "asked" | "stopping">("idle");
  useEffect(() => {
    if (step !== "asked") return undefined;
    const timer = setTimeout(() => setStep("idle"), askedMsMax);
    return () => clearTimeout(timer);
  }, [step]);
  const stop = () => {
    setStep("stopping");
    client.cancelRun({ runId, reason: "stopped on the console" }).then(feed.read, () => setStep("idle"));
  };
  if (step === "idle")
    return <IconButton icon="circle-stop" label={`Stop ${title}`} onClick={() => setStep("asked")} />;
  return (
    <button type="button" className={styles.sure} disabled={step === "stopping"} onClick={stop} autoFocus>
      {step === "asked" ? "Stop it?" : "Stopping"}
    </button>
  );
}
