/** Functions that die, and answers that are lost: at the call that a test names. */

export class Died extends Error {}

/** Calls each method through `call`, which is told its name. */
function through<Target extends object>(
  target: Target,
  call: (name: string, work: () => unknown) => Promise<unknown>,
): Target {
  return new Proxy(target, {
    get(object, name) {
      const method: unknown = Reflect.get(object, name);
      if (typeof method !== "function") return method;
      return (...args: readonly unknown[]) => call(String(name), () => method.apply(object, args));
    },
  });
}

/** What these methods do is done, and nobody hears that it was: the first `times` times. */
export function losing<Target extends object>(target: Target, names: readonly string[], times = 1): Target {
  let left = times;
  return through(target, async (name, work) => {
    const answer = await work();
    if (names.includes(name) && left-- > 0) throw new Error(`the answer of ${name} is lost`);
    return answer;
  });
}

export interface Life {
  /** How many calls were made. */
  readonly calls: number;
  /** The same, for as long as it lives. */
  of<Target extends object>(target: Target): Target;
}

/** One function's life: it ends at its `last` call, before that has done anything or after. */
export function lifeOf(last: number, end: "before" | "after"): Life {
  let calls = 0;
  const call = async (_name: string, work: () => unknown) => {
    const number = ++calls;
    if (number > last || (number === last && end === "before")) throw new Died();
    const answer = await work();
    if (number === last) throw new Died();
    return answer;
  };
  return {
    get calls() {
      return calls;
    },
    of: (target) => through(target, call),
  };
}
