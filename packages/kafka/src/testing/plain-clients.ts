/** The client itself, for tests of what others do to Kafka: transactions, topics that are made anew, records that go. */
export { Admin, Producer } from "@platformatic/kafka";
