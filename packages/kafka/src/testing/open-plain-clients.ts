/** The client itself, for tests of what others do to Kafka: transactions, topics that are made anew, records that go. */
import { Admin, Producer } from "@platformatic/kafka";

export interface PlainClients extends AsyncDisposable {
  admin: Admin;
  /** One for a test: the client cannot take over the name of another's transactions. */
  createProducer(transactionalId: string): Producer;
}

export function openPlainClients(bootstrapBrokers: string[]): PlainClients {
  const closing = new AsyncDisposableStack();
  const options = { clientId: "test", bootstrapBrokers, retries: 5, retryDelay: 200 };
  return {
    admin: closing.adopt(new Admin(options), (admin) => admin.close()),
    createProducer: (transactionalId) =>
      closing.adopt(new Producer({ ...options, transactionalId, idempotent: true }), (producer) => producer.close()),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  };
}
