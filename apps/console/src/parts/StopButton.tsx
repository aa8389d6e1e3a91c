import { useConsole } from "../live/console-context.ts";
import { SureButton } from "./SureButton.tsx";
import { useAct } from "./use-act.ts";

/** Ends a run. */
export function StopButton({ runId, title }: { runId: string; title: string }) {
  const { client, feed } = useConsole();
  const { isBusy, act } = useAct(feed.read);
  const stop = () => act(() => client.cancelRun({ runId, reason: "stopped on the console" }));
  return (
    <SureButton
      icon="circle-stop"
      label={`Stop ${title}`}
      asks="Stop it?"
      doing="Stopping"
      isBusy={isBusy}
      onSure={stop}
    />
  );
}
