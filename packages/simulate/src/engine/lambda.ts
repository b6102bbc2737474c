/**
 * Calling functions. A container has one invocation at a time; what it was made from stays with it for the next one.
 *
 * Invariants: whoever calls hears of an answer, an error, a death, or that the time is over, whichever comes first; one that is
 * frozen may go on after its caller has given it up, and its container is not used again.
 */
import { Invocation, type World } from "../kernel/invocation.ts";
import { type Deployment, FUNCTIONS, type FunctionName } from "./functions.ts";
import type { Ports } from "./ports.ts";

export type Outcome<Answer> =
  | { readonly type: "answered"; readonly answer: Answer }
  | { readonly type: "failed"; readonly error: unknown }
  | { readonly type: "died" };

type Handler<Name extends FunctionName> = ReturnType<(typeof FUNCTIONS)[Name]["make"]>;

export interface LambdaDeps {
  readonly world: World;
  readonly deployment: Deployment;
  readonly portsOf: (invocation: Invocation) => Ports;
  /** What a function threw, whoever called it. */
  readonly failed: (name: FunctionName, error: unknown) => void;
}

interface Container<Name extends FunctionName> {
  readonly invocation: Invocation;
  readonly handler: Handler<Name>;
}

export class Lambda {
  readonly #deps: LambdaDeps;
  readonly #idle = new Map<FunctionName, Container<FunctionName>[]>();

  constructor(deps: LambdaDeps) {
    this.#deps = deps;
  }

  invoke<Name extends FunctionName, Answer>(
    name: Name,
    call: (handler: Handler<Name>) => Promise<Answer>,
  ): Promise<Outcome<Answer>> {
    const { timeoutMs } = FUNCTIONS[name];
    const container = this.#container(name);
    const { invocation, handler } = container;
    return new Promise((resolve) => {
      invocation.begin(timeoutMs, () => resolve({ type: "died" }));
      this.#deps.world.timeline.after(timeoutMs, () => resolve({ type: "died" }));
      const ended = (outcome: Outcome<Answer>) => {
        if (invocation.end()) this.#idle.get(name)?.push(container);
        resolve(outcome);
      };
      call(handler).then(
        (answer) => ended({ type: "answered", answer }),
        (error: unknown) => {
          this.#deps.failed(name, error);
          ended({ type: "failed", error });
        },
      );
    });
  }

  #container<Name extends FunctionName>(name: Name): Container<Name> {
    const idle = this.#idle.get(name) ?? [];
    this.#idle.set(name, idle);
    const warm = idle.pop();
    if (warm) return warm as Container<Name>;
    const { world, deployment, portsOf } = this.#deps;
    const invocation = new Invocation(world, name);
    return { invocation, handler: FUNCTIONS[name].make(portsOf(invocation), deployment) as Handler<Name> };
  }
}
