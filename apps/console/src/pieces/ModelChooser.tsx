/** Choosing a model: one that runs on this machine, or one of a provider with a key. It is tried with a word before it is kept, and kept all the same when one insists. */
import type { LocalServerRecord, ModelCheck } from "@roost/contract/operations";
import { useState, type ReactNode } from "react";
import { useConsole } from "../live/console-context.ts";
import { useReading } from "../live/use-reading.ts";
import { Button } from "../parts/Button.tsx";
import { Skeleton } from "../parts/Blank.tsx";
import { ChoiceField, Form, FormEnd, TextField } from "../parts/Form.tsx";
import { formatCount } from "../parts/format.ts";
import { Icon } from "../parts/Icon.tsx";
import { useAct } from "../parts/use-act.ts";
import styles from "./ModelChooser.module.css";

/** A whole minute for a model that is being loaded. */
const tryMsMax = 75_000;

const providers = [
  {
    id: "openrouter",
    name: "OpenRouter",
    says: "one key for most models",
    model: "openrouter/auto",
    keyAt: "openrouter.ai/keys",
  },
  { id: "openai", name: "OpenAI", says: "GPT", model: "gpt-5-mini", keyAt: "platform.openai.com/api-keys" },
  { id: "other", name: "Another server", says: "any with OpenAI's API", model: "", keyAt: "" },
] as const;

interface Wish {
  kind: "openai-compatible" | "openrouter";
  model: string;
  baseUrl: string | null;
  key?: string | undefined;
  contextTokensMax?: number | undefined;
  tools?: "text" | undefined;
  isFree?: boolean;
}

export interface ModelChooserProps {
  /** It stands in roost.yaml now. */
  onAdded: () => void;
  children?: ReactNode;
}

export function ModelChooser({ onAdded, children }: ModelChooserProps) {
  const { client } = useConsole();
  const local = useReading("models:local", () => client.findLocalModels());
  const servers = local.value?.servers ?? [];
  const usable = servers.filter(({ models }) => models.length > 0);
  const [picked, setPicked] = useState<string>();
  const chosen = picked ?? (usable[0] === undefined ? "openrouter" : usable[0].name);
  const [models, setModels] = useState<Readonly<Record<string, string>>>({});
  const [key, setKey] = useState("");
  const [baseUrl, setBaseUrl] = useState("");
  const wish = toWish({ chosen, servers, model: models[chosen], key: key.trim(), baseUrl: baseUrl.trim() });
  const { isBusy, refusal, check, send, insist } = useTrial(wish, onAdded);
  const setModel = (model: string) => setModels({ ...models, [chosen]: model });
  const provider = providers.find(({ id }) => id === chosen);
  return (
    <Form onSend={() => wish !== undefined && !isBusy && send()}>
      <fieldset className={styles.group}>
        <legend>On this machine</legend>
        {local.value === undefined && local.error === undefined && (
          <Skeleton label="Looking for model servers" rows={1} rowPx={52} />
        )}
        {usable.map(({ name, models: found, note }) => (
          <Choice key={name} name={name} isChosen={chosen === name} onChoose={() => setPicked(name)}>
            {found.length === 1 ? (found[0]?.name ?? "") : `${formatCount(found.length)} models`} · costs nothing
            {note !== null && <em>{note}</em>}
          </Choice>
        ))}
        {local.value !== undefined && usable.length === 0 && (
          <p className={styles.none}>
            {servers[0]?.note ?? "No Ollama, LM Studio or llama.cpp answers here."}{" "}
            <button type="button" onClick={local.reload}>
              Look again
            </button>
          </p>
        )}
        {local.error !== undefined && <p className={styles.none}>{local.error.message}</p>}
      </fieldset>
      <fieldset className={styles.group}>
        <legend>By a provider, with a key</legend>
        {providers.map(({ id, name, says }) => (
          <Choice key={id} name={name} isChosen={chosen === id} onChoose={() => setPicked(id)}>
            {says}
          </Choice>
        ))}
      </fieldset>
      {provider === undefined ? (
        <ChoiceField
          label="Model"
          value={wish?.model ?? ""}
          items={(servers.find(({ name }) => name === chosen)?.models ?? []).map(({ name }) => ({ id: name, name }))}
          onChoose={setModel}
          isWide
        />
      ) : (
        <>
          {chosen === "other" && (
            <TextField
              label="Address"
              value={baseUrl}
              placeholder="https://api.example.com/v1"
              inputMode="url"
              onText={setBaseUrl}
              isWide
            />
          )}
          <TextField
            label="Key"
            type="password"
            value={key}
            hint={
              chosen === "other"
                ? "Where it needs one"
                : `From ${provider.keyAt}. It is kept in a file that only you can read, and never shown again.`
            }
            onText={setKey}
          />
          <TextField
            label="Model"
            value={models[chosen] ?? provider.model}
            placeholder={provider.model === "" ? "as the server calls it" : provider.model}
            onText={setModel}
          />
        </>
      )}
      {check !== undefined && !isBusy && <Verdict check={check} onInsist={insist} />}
      <FormEnd refusal={refusal}>
        <Button type="submit" look="main" isBusy={isBusy} disabled={wish === undefined}>
          {isBusy ? "Asking it for a word" : "Try it and keep it"}
        </Button>
        {children}
      </FormEnd>
    </Form>
  );
}

function Choice({
  name,
  isChosen,
  onChoose,
  children,
}: {
  name: string;
  isChosen: boolean;
  onChoose: () => void;
  children: ReactNode;
}) {
  return (
    <label className={styles.choice} data-chosen={isChosen || undefined}>
      <input type="radio" name="model" checked={isChosen} onChange={onChoose} />
      <span>
        <b>{name}</b> <small>{children}</small>
      </span>
    </label>
  );
}

/** Why the test call got no answer, and going on without one. */
function Verdict({ check, onInsist }: { check: ModelCheck; onInsist: () => void }) {
  return (
    <div className={`callout ${styles.verdict}`} data-tone={check.state === "fails" ? "bad" : undefined} role="alert">
      <Icon name={check.state === "fails" ? "triangle-alert" : "hourglass"} size={14} />
      <p>
        {check.state === "fails" ? "It did not answer: " : "It is silent, as models are that are still being loaded: "}
        {check.text}
      </p>
      <Button size="small" onClick={onInsist}>
        Keep it all the same
      </Button>
    </div>
  );
}

function useTrial(wish: Wish | undefined, onAdded: () => void) {
  const { client } = useConsole();
  const [check, setCheck] = useState<ModelCheck>();
  const { isBusy, refusal, act } = useAct(() => undefined);
  const add = async (given: Wish) => {
    await client.addModel(given);
    onAdded();
  };
  const send = () =>
    act(async () => {
      if (wish === undefined) return;
      setCheck(undefined);
      const answer = await client.tryModel(wish, { timeoutMs: tryMsMax });
      setCheck(answer.check);
      if (answer.check.state === "answers") await add(wish);
    });
  const insist = () => act(async () => (wish === undefined ? undefined : add(wish)));
  return { isBusy, refusal, check: check?.state === "answers" ? undefined : check, send, insist };
}

interface Given {
  chosen: string;
  servers: readonly LocalServerRecord[];
  model: string | undefined;
  key: string;
  baseUrl: string;
}

/** Undefined while something is missing. */
function toWish({ chosen, servers, model: given, key, baseUrl }: Given): Wish | undefined {
  const provider = providers.find(({ id }) => id === chosen);
  if (provider === undefined) {
    const server = servers.find(({ name }) => name === chosen);
    const model = server?.models.find(({ name }) => name === given) ?? server?.models[0];
    if (server === undefined || model === undefined) return undefined;
    const { contextTokensMax, tools } = model;
    return {
      kind: "openai-compatible",
      model: model.name,
      baseUrl: server.baseUrl,
      isFree: true,
      contextTokensMax: contextTokensMax ?? undefined,
      tools: tools ?? undefined,
    };
  }
  const model = (given ?? provider.model).trim();
  const isComplete = model !== "" && (chosen === "other" ? URL.canParse(baseUrl) : key !== "");
  if (!isComplete) return undefined;
  const kind = chosen === "openrouter" ? "openrouter" : "openai-compatible";
  return { kind, model, baseUrl: chosen === "other" ? baseUrl : null, key: key === "" ? undefined : key };
}
