// The output of the command line: the only file that writes to standard output and standard error.

import type { FailureReport } from './describe-failure.js'

/** A text stream. */
export interface TextSink {
  write(text: string): unknown
}

/** Results go to standard output, everything else to standard error; no colour anywhere. */
export interface Output {
  /** The result of a command, once: `text` for people, `document` with `--json`. */
  result(document: object, text: string): void
  /** A progress message for people; silent with `--json`. */
  progress(text: string): void
  /** A change while the command waits: a line for people, a JSON line with `--json`. */
  event(document: object, text: string): void
  /** A prompt, without a line end. */
  ask(text: string): void
  /** A warning; the command continues. */
  warn(text: string): void
  failure(report: FailureReport): void
}

/** The streams of an output. */
export interface Sinks {
  readonly stdout: TextSink
  readonly stderr: TextSink
}

/** Output for people. */
export const textOutput = ({ stdout, stderr }: Sinks): Output => ({
  result: (_document, text) => stdout.write(`${printable(text)}\n`),
  progress: (text) => stderr.write(`${printable(text)}\n`),
  event: (_document, text) => stderr.write(`${printable(text)}\n`),
  ask: (text) => stderr.write(`${printable(text)} `),
  warn: (text) => stderr.write(`warning: ${printable(text)}\n`),
  failure: ({ message, next }) =>
    stderr.write(printable(next === null ? `idem: ${message}\n` : `idem: ${message}\n  ${next}\n`)),
})

/** Output for programs: one JSON document on standard output, one JSON line per event, warning or error. */
export const jsonOutput = ({ stdout, stderr }: Sinks): Output => ({
  result: (document) => stdout.write(`${JSON.stringify(document)}\n`),
  progress: () => undefined,
  event: (document) => stderr.write(`${JSON.stringify(document)}\n`),
  ask: () => undefined,
  warn: (message) => stderr.write(`${JSON.stringify({ warning: { message } })}\n`),
  failure: ({ details, ...error }) => {
    stderr.write(`${JSON.stringify({ error: { ...error, ...details } })}\n`)
  },
})

/** Removes control and bidi characters, because labels, handles and messages must not control the terminal. */
const printable = (text: string): string => text.replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, '\uFFFD')
