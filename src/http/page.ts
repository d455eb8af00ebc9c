// The frame of all pages, and the template function that escapes what is inserted into markup.
import type { Locale } from '../mail/locale.js'

/** Markup that is safe to send. */
export interface Html {
  readonly markup: string
}

/** A value in a template: text and numbers are escaped, markup is inserted as it is, null inserts nothing. */
export type Fragment = string | number | Html | null | readonly Fragment[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const markupOf = (fragment: Fragment): string => {
  if (fragment === null) return ''
  if (typeof fragment === 'object')
    return 'markup' in fragment ? fragment.markup : fragment.map(markupOf).join('')
  return String(fragment).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** Makes markup from a template; values may be in the content of elements and in quoted attributes. */
export const html = (parts: TemplateStringsArray, ...fragments: readonly Fragment[]): Html => ({
  markup: parts.map((part, index) => part + markupOf(fragments[index] ?? null)).join(''),
})

/** Headers of a private page: not cached, not indexed, not embedded by other origins. */
export const privatePageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-robots-tag': 'noindex, nofollow',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** The style of all pages, inline, so that a page loads nothing else. */
const style: Html = {
  markup: `
  :root { color-scheme: light dark; --ink: #1b1f24; --dim: #59636e; --paper: #fff; --field: #eef1f4; --line: #8b949e; --link: #0b57d0; --press: #0b57d0; --on-press: #fff; --alarm: #b3261e; --careful: #9a6700 }
  @media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --dim: #9aa4af; --paper: #14171a; --field: #23282e; --line: #6b747d; --link: #8ab4ff; --press: #8ab4ff; --on-press: #0b1a33; --alarm: #ff8a80; --careful: #e3b341 } }
  * { box-sizing: border-box }
  body { font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 0 auto; padding: clamp(1.25rem, 6vw, 4rem) 1rem; color: var(--ink); background: var(--paper); overflow-wrap: anywhere }
  h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 1rem }
  h2 { font-size: 1.125rem; line-height: 1.35; margin: 2rem 0 .5rem }
  [hidden] { display: none !important }
  a { color: var(--link) }
  code { font: .9em ui-monospace, monospace; background: var(--field); padding: .1em .3em; border-radius: .2em }
  pre { background: var(--field); padding: 1rem; overflow-x: auto; border-radius: .4rem; overflow-wrap: normal } pre code { padding: 0 }
  pre.text { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.25rem; padding: 1rem; margin: 1.25rem 0; background: var(--field); border-radius: .4rem }
  dt, .hint { color: var(--dim) } dd { margin: 0 }
  .careful { border-inline-start: .25rem solid var(--careful); padding-inline-start: 1rem; margin: 1.25rem 0 }
  .alarm { color: var(--alarm); font-weight: 600; margin: .25rem 0 .5rem }
  .hint { margin: 0 0 .5rem } .alarm:empty, .hint:empty { margin: 0 }
  label { display: block; font-weight: 600 } input:not([type=hidden]) + label { margin-top: 1rem }
  form + form, section { margin-top: 2rem; padding-top: 1.5rem; border-top: 1px solid var(--field) } section form { margin: 0; padding: 0; border: 0 } section h2 { margin-top: 0 }
  input { display: block; width: 100%; max-width: 14rem; font: 1.5rem/1.4 ui-monospace, monospace; letter-spacing: .15em; padding: .4rem .6rem; color: inherit; background: var(--paper); border: 2px solid var(--line); border-radius: .4rem }
  input.text { max-width: 24rem; font: inherit; letter-spacing: normal }
  input[aria-invalid] { border-color: var(--alarm) }
  button { font: inherit; font-weight: 600; margin-top: 1rem; padding: .7rem 1.25rem; border: 0; border-radius: .4rem; color: var(--on-press); background: var(--press); cursor: pointer }
  button:hover { filter: brightness(1.1) }
  button.quiet:hover { filter: brightness(.95) }
  button:disabled { filter: grayscale(1); cursor: default }
  button.quiet { display: block; min-width: 16rem; margin-top: .75rem; text-align: start; color: var(--ink); background: var(--field) }
  button img { width: 1.25rem; height: 1.25rem; margin-inline-end: .6rem; vertical-align: -.25rem }
  :focus-visible { outline: 3px solid var(--link); outline-offset: 2px }
  ol.mails { list-style: none; padding: 0; margin: 0 } ol.mails li { padding: .75rem 0; border-top: 1px solid var(--field) } ol.mails p { margin: 0 }
  ol.mails a { font-weight: 600 }
  iframe { display: block; width: 100%; height: 32rem; border: 1px solid var(--line); border-radius: .4rem }
  @media (max-width: 30rem) { dl { grid-template-columns: 1fr; gap: 0 } dd + dt { margin-top: .6rem } button, input { width: 100%; max-width: none } }
`,
}

/** The parts of a page. */
export interface PageParts {
  readonly locale: Locale
  /** The page's name in the browser's tab and history. */
  readonly title: string
  readonly body: Html
  /** Seconds after which the browser reloads the page; without it the page is not reloaded. */
  readonly refreshSeconds?: number
}

/** A complete HTML page without scripts. */
export const page = ({ locale, title, body, refreshSeconds }: PageParts): string =>
  html`<!doctype html>
<html lang="${locale}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refreshSeconds === undefined ? null : html`<meta http-equiv="refresh" content="${refreshSeconds}">`}
<title>${title}</title>
<style>${style}</style>
<main>
${body}
</main>
</html>
`.markup
