import { useState } from "react";
import { useLocation } from "wouter";
import { useConsole, useFeed } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { AreaField, Form, FormEnd } from "../../parts/Form.tsx";
import { useAct } from "../../parts/use-act.ts";
import { leaveWelcome } from "../../parts/welcome.ts";
import type { StepProps } from "./step.ts";
import styles from "./WelcomeScreen.module.css";

export function HelloStep({ isAway }: StepProps) {
  const { client } = useConsole();
  const [, navigate] = useLocation();
  const model = useFeed("status")?.model;
  const { value } = useReading("profile", () => client.getProfile());
  const [typed, setTyped] = useState<string>();
  const who = value?.name == null ? "" : ` I am ${value.name}.`;
  const text = typed ?? `Hello!${who} What can you do for me?`;
  const { isBusy, refusal, act } = useAct(() => {
    leaveWelcome();
    navigate("/chat");
  });
  const send = () =>
    client.sendMessage({ sessionKey: "main", text, source: "console", idempotencyKey: crypto.randomUUID() });
  const isLive = model?.mode === "live" && !isAway;
  return (
    <>
      <p className={styles.says}>
        {isLive
          ? `${value?.agentName ?? "Your agent"} is awake, with ${model.name ?? "its model"}.`
          : "There is no model yet: what comes back is a placeholder, marked as rehearsed."}
      </p>
      <Form onSend={() => act(send)}>
        <AreaField label="Your first message" value={text} rows={3} onText={setTyped} />
        <FormEnd refusal={refusal}>
          <Button type="submit" look="main" icon="arrow-up" isBusy={isBusy} disabled={text.trim() === "" || isAway}>
            Send
          </Button>
        </FormEnd>
      </Form>
    </>
  );
}
