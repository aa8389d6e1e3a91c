/** The names of the person and of the agent, and what a day may cost. */
import { useState } from "react";
import { useConsole, useFeed } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { Form, FormEnd, TextField } from "../../parts/Form.tsx";
import { formatUsdShort } from "../../parts/format.ts";
import { useAct } from "../../parts/use-act.ts";
import type { StepProps } from "./step.ts";
import styles from "./WelcomeScreen.module.css";

const nameCharsMax = 60;

export function NamesStep({ onDone, isAway }: StepProps) {
  const { client } = useConsole();
  const usdMax = useFeed("status")?.spend.usdMax;
  const { value } = useReading("profile", () => client.getProfile());
  const [typed, setTyped] = useState<{ name?: string; agentName?: string }>({});
  const name = typed.name ?? value?.name ?? "";
  const agentName = typed.agentName ?? value?.agentName ?? "";
  const { isBusy, refusal, act } = useAct(onDone);
  const told = {
    name: name.trim() === "" ? undefined : name.trim(),
    agentName: agentName.trim() === "" ? undefined : agentName.trim(),
  };
  return (
    <>
      <p className={styles.says}>
        They stand in USER.md and SOUL.md, two of the text files that you and your agents share.
      </p>
      <Form onSend={() => act(() => client.setProfile(told))}>
        <TextField
          label="Your name"
          value={name}
          maxLength={nameCharsMax}
          autoComplete="given-name"
          autoFocus
          onText={(text) => setTyped({ ...typed, name: text })}
        />
        <TextField
          label="Your agent's name"
          value={agentName}
          maxLength={nameCharsMax}
          placeholder="Wren"
          onText={(text) => setTyped({ ...typed, agentName: text })}
        />
        <FormEnd refusal={refusal}>
          <Button type="submit" look="main" isBusy={isBusy} disabled={isAway}>
            Go on
          </Button>
        </FormEnd>
      </Form>
      {usdMax !== undefined && usdMax !== null && (
        <p className={styles.note}>
          Whatever happens, a day costs at most {formatUsdShort(usdMax)}: a call that could exceed it is not made.
        </p>
      )}
    </>
  );
}
