// The settings of passwords.
import { availableParallelism } from 'node:os'
import { SettingProblem, text, wholeNumber } from '../config/setting.js'

/** Most memory of one hash, in KiB. */
const mostMemory = 1_048_576
/** Default memory and passes: OWASP's first choice but one for Argon2id, 19 MiB and 2 passes. */
const [usualMemory, usualPasses] = [19_456, 2]
/**
 * In production the memory in KiB times the passes is at least this: the weakest of OWASP's equivalent choices, 7 MiB
 * and 5 passes.
 */
const leastProduct = 7_168 * 5

const memory = wholeNumber('IDEM_PASSWORD_MEMORY_KIB', 'Memory of Argon2id for one password, in KiB', {
  default: usualMemory,
  least: 8,
  most: mostMemory,
})
const passes = wholeNumber('IDEM_PASSWORD_PASSES', 'Passes of Argon2id over its memory', {
  default: usualPasses,
  least: 1,
  most: 100,
})

/** The threads of libuv, on which passwords are hashed, names are resolved and files are read (Node's default). */
const usualThreads = 4

/** Passwords that can be hashed at once while one thread stays free for everything else. */
const spareThreads = (threadPoolSize: string | undefined): number =>
  Math.max(1, Number(threadPoolSize ?? usualThreads) - 1)

/** Settings of the passwords room. */
export const passwordSettings = {
  memoryKib: {
    ...memory,
    parse: (raw: string | undefined, context: Parameters<typeof memory.parse>[1]): number => {
      const value = memory.parse(raw, context)
      const product = value * Number(context.other(passes.variable) ?? usualPasses)
      if (context.production && product < leastProduct)
        throw new SettingProblem(
          `is too little for production: with ${passes.variable} as factor it must be at least ${leastProduct}`,
        )
      return value
    },
  },
  passes,
  atOnce: text(
    'IDEM_PASSWORDS_AT_ONCE',
    'Passwords that a process hashes at the same time, below UV_THREADPOOL_SIZE (4)',
    {
      defaultText: 'one less than processors, 1 to 3',
      parse: (raw, context): number => {
        const most = spareThreads(context.other('UV_THREADPOOL_SIZE'))
        if (raw === undefined) return Math.max(1, Math.min(availableParallelism() - 1, most))
        const bounds = { default: 1, least: 1, most }
        return wholeNumber('IDEM_PASSWORDS_AT_ONCE', '', bounds).parse(raw, context)
      },
    },
  ),
  mostWaiting: wholeNumber(
    'IDEM_PASSWORD_QUEUE',
    'Passwords that wait to be hashed, half of them from one network; more are refused with UNAVAILABLE',
    { default: 128, least: 1, most: 10_000 },
  ),
}
