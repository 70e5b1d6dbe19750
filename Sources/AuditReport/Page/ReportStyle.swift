import Crypto
import Platform

/// The style of the page: one accent color in four shades, and red only for problems.
enum ReportStyle {
  /// The Content-Security-Policy: it allows only this style sheet, by its hash.
  static var policy: Markup {
    let hash = Data(SHA256.hash(data: Data(sheet.html.utf8))).base64EncodedString()
    // Base64 needs no escaping in an attribute.
    return
      "default-src &#39;none&#39;; style-src &#39;sha256-\(hash)&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"
  }

  /// It must contain no quotes, `<` or `&`, because it is not escaped.
  static let sheet: Markup = """
    :root{--paper:#fdfdfc;--ink:#1b1f23;--soft:#5a6168;--rule:#dfe1de;--faint:#f3f4f2;
    --a1:#c5dcea;--a2:#86b5d0;--a3:#3f82a9;--a4:#0f557e;--wrong:#b3261e}
    @media (prefers-color-scheme:dark){:root{--paper:#14171a;--ink:#e3e6e8;--soft:#9aa4ac;--rule:#2c3238;--faint:#1b1f23;
    --a1:#1d4257;--a2:#2c6787;--a3:#4795bd;--a4:#86cbef;--wrong:#ff8f85}}
    :root{color-scheme:light dark}
    *{box-sizing:border-box}
    body{margin:0;background:var(--paper);color:var(--ink);font:14px/1.45 ui-sans-serif,system-ui,-apple-system,Segoe UI,
    Helvetica Neue,Arial,Liberation Sans,sans-serif;font-variant-numeric:tabular-nums lining-nums}
    main,footer{max-width:1000px;margin:0 auto;padding:0 24px}
    h1{font-size:24px;line-height:1.2;font-weight:600;letter-spacing:-.01em;margin:36px 0 4px}
    header p{margin:0 0 4px;color:var(--soft)}
    header p.verdict{margin:14px 0 0;padding-left:12px;border-left:3px solid var(--rule);color:var(--ink)}
    header p.sound{border-color:var(--a3)}
    header p.wrong,.note{border-color:var(--wrong)}
    .wrong b,.finding th{color:var(--wrong)}
    .note{margin:12px 0 0;padding-left:12px;border-left:3px solid var(--wrong)}
    a{color:inherit}
    .figures{display:flex;flex-wrap:wrap;gap:12px 0;margin:22px 0 0;padding:12px 0;border-top:1px solid var(--ink);
    border-bottom:1px solid var(--rule)}
    .figures div{flex:1 1 150px;padding-right:16px}
    dt{color:var(--soft);font-size:12px}
    dd{margin:0;font-size:19px;line-height:1.3;font-weight:600;white-space:nowrap}
    dd.more{font-size:12px;font-weight:400;color:var(--soft);white-space:normal}
    section{margin:30px 0 0;break-inside:avoid}
    h2{font-size:15px;font-weight:600;margin:0 0 10px;padding-bottom:5px;border-bottom:1px solid var(--rule)}
    h2 small{font-weight:400;font-size:12px;color:var(--soft);margin-left:6px}
    .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));column-gap:40px}
    .pair section{min-width:0}
    .wide{overflow-x:auto}
    .wide table{white-space:nowrap}
    svg{display:block;max-width:none}
    svg text{fill:var(--soft);font-size:11px}
    svg .strong{fill:var(--ink)}
    svg .line{stroke:var(--rule);stroke-width:1;fill:none}
    svg .base{stroke:var(--soft);stroke-width:1;fill:none}
    .l1{fill:var(--a1)}.l2{fill:var(--a2)}.l3{fill:var(--a3)}.l4{fill:var(--a4)}
    .bar{fill:var(--a3)}
    .dot{fill:var(--soft)}
    .open{fill:none;stroke:var(--a3);stroke-width:1.2}
    .pending{fill:none;stroke:var(--soft);stroke-width:1;stroke-dasharray:2 2}
    .gap{fill:none;stroke:var(--wrong);stroke-width:1.5}
    .damaged{fill:var(--wrong)}
    svg text.on{fill:var(--paper);font-weight:700}
    .none{fill:var(--faint)}
    .legend{display:flex;flex-wrap:wrap;gap:4px 20px;margin:8px 0 0;padding:0;list-style:none;color:var(--soft);font-size:12px}
    .legend li{display:flex;align-items:center;gap:6px}
    table{border-collapse:collapse;width:100%}
    th,td{padding:3px 12px 3px 0;text-align:left;vertical-align:top;font-weight:400;border-bottom:1px solid var(--rule)}
    thead th,thead td{color:var(--soft);font-size:12px;border-bottom-color:var(--soft)}
    tbody tr:last-child th,tbody tr:last-child td{border-bottom:0}
    .n{text-align:right;white-space:nowrap;width:1%}
    .v{overflow:clip;overflow-wrap:anywhere;white-space:pre-wrap;line-height:1.4}
    td.b{width:84px;padding:8px 0 0}
    td:last-child{padding-right:0}
    .quiet{color:var(--soft)}
    i{color:var(--soft)}
    .plain{width:auto}.plain .n{width:auto}table+p{margin-top:8px}
    .plain th,.plain td{padding-right:28px}
    details{margin:8px 0 0}
    summary{cursor:pointer;color:var(--soft);font-size:12px}
    details table{margin-top:6px}
    :focus-visible{outline:2px solid var(--a3);outline-offset:2px}
    p{max-width:80ch;margin:0 0 8px}
    footer{color:var(--soft);font-size:12px;margin-top:36px;padding-top:10px;padding-bottom:36px}
    @media print{:root{--paper:#fff;--ink:#000;--soft:#444;--rule:#ccc;--faint:#f3f4f2;--a1:#c5dcea;--a2:#86b5d0;--a3:#3f82a9;
    --a4:#0f557e;--wrong:#b3261e;color-scheme:light}
    body{font-size:11px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
    main,footer{max-width:none;padding:0}h1{margin-top:0}#days{break-inside:auto}thead{display:table-header-group}
    details:not([open]),#days:not(:has([open])){display:none}.pair{grid-template-columns:1fr 1fr;column-gap:24px}
    .figures div{flex-basis:110px}dd{font-size:15px}
    .wide{overflow:visible}.wide table{white-space:normal}svg{max-width:100%;height:auto}tr{break-inside:avoid}}
    @media (forced-colors:active){svg{forced-color-adjust:none;background:Canvas}}

    """
}
