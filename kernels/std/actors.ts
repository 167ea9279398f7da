/** Actors for what programs share: numbers, work, permits, rates, parameters and news. */

export { Counter } from "./actors/counter";
export { ParameterServer } from "./actors/parameter-server";
export { Queue, TextQueue } from "./actors/queue";
export { RateLimiter } from "./actors/rate-limiter";
export { Semaphore } from "./actors/semaphore";
export { TextTopic, Topic } from "./actors/topic";
