import { useState } from "react";

/** A button's work, which the gateway may refuse: busy until it is answered, and then either done or refused with a reason. */
export function useAct(onDone: () => void) {
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const act = (work: () => Promise<unknown>) => {
    setBusy(true);
    setRefusal(undefined);
    work()
      .then(onDone, (error: Error) => setRefusal(error.message))
      .finally(() => setBusy(false));
  };
  return { isBusy, refusal, act };
}
