/** What the operator is told instead of being obeyed: one sentence, with its numbers. */
export class Refused extends Error {
  constructor(sentence: string) {
    super(sentence);
    this.name = "Refused";
  }
}
