/** Which browsers are woken when something needs the person, this one among them or not. What is sent to them has no content: a browser reads it from the home. */
import { useState } from "react";
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Button } from "../../parts/Button.tsx";
import { formatAgo } from "../../parts/format.ts";
import { SureButton } from "../../parts/SureButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import { askForPush, canPush, nameBrowser } from "./ask-for-push.ts";
import { SettingsList } from "./SettingsList.tsx";

export function PushList() {
  const { client } = useConsole();
  const now = useNow();
  const reading = useReading("settings:push", () => client.listPushSubscriptions({ limit: 200 }));
  const [isOn, setOn] = useState(false);
  const { isBusy, refusal, act } = useAct(reading.reload);
  const switchOn = async () => {
    const { publicKey } = await client.getPushKey();
    await client.subscribePush({ endpoint: await askForPush(publicKey), name: nameBrowser(navigator.userAgent) });
    setOn(true);
  };
  return (
    <SettingsList
      title="Notices on your devices"
      what="browsers"
      reading={reading}
      none={
        canPush()
          ? "None: a question, an approval or a failure waits until you look."
          : "This browser takes no pushes here. It needs https or this machine's own address; on an iPhone, add Roost to the home screen first."
      }
      below={refusal !== undefined && <p role="alert">{refusal}</p>}
      acts={
        <Button size="small" icon="bell" isBusy={isBusy} disabled={!canPush() || isOn} onClick={() => act(switchOn)}>
          {isOn ? "This browser is told" : "Tell this browser"}
        </Button>
      }
    >
      {({ id, name, service, isRemovable, sentAt }) => (
        <li key={id}>
          <span>
            <b>{name}</b>
            <small>
              through {service} · {sentAt === null ? "not woken yet" : `woken ${formatAgo(now - Date.parse(sentAt))}`}
            </small>
          </span>
          {isRemovable && (
            <SureButton
              icon="x"
              label={`Stop telling ${name}`}
              asks="Stop it?"
              doing="Stopping"
              isBusy={isBusy}
              onSure={() => act(() => client.unsubscribePush({ id }))}
            />
          )}
        </li>
      )}
    </SettingsList>
  );
}
