/// The page's one style sheet. Colours of verdicts and lines are told apart by people who do not see all colours (Okabe and Ito's
/// palette), and every plot has its table.
enum PageStyle {
    static let css: StaticString = """
        :root{color-scheme:light dark;--ground:#fff;--panel:#f6f7f9;--ink:#1b1f24;--dim:#59636e;--rule:#d5dae0;
        --p50:#0072b2;--p99:#c25700;--max:#8a5a83;--limit:#c1121f;
        --v0:#009e73;--v1:#3b82c4;--v2:#e69f00;--v3:#d55e00;--v4:#7b5ed6;--v5:#a08c00;--v6:#d46fb8;--v7:#8c564b;--v8:#7f7f7f;
        --v9:#8b0000;--v10:#2f5d62;--v11:#20242a;--v12:#b8bec6;--v13:#5e7f1f}
        @media (prefers-color-scheme:dark){:root{--ground:#14171b;--panel:#1d2127;--ink:#e7eaee;--dim:#9aa5b1;--rule:#353c45;
        --p50:#56b4e9;--p99:#f09a4a;--max:#d79bce;--limit:#ff6b6b;--v1:#5aa5e6;--v5:#f0e442;--v9:#e05252;--v10:#7fb3b3;--v11:#d0d5db}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
        main,header{max-width:1180px;margin:0 auto;padding:0 20px}
        header{padding-top:28px}h1{font-size:1.6rem;margin:0 0 4px}h2{font-size:1.25rem;margin:0 0 8px}h3{font-size:1rem;margin:20px 0 6px}
        p{margin:4px 0}.dim,figcaption,th{color:var(--dim)}code{font-size:.92em;overflow-wrap:anywhere}
        .warn{color:var(--limit);font-weight:600}
        nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:6px 14px;padding:0;margin:14px 0}
        a{color:var(--p50)}
        section{border-top:1px solid var(--rule);padding:26px 0 18px}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.92rem}
        th,td{padding:4px 12px 4px 0;text-align:right;white-space:nowrap;border-bottom:1px solid var(--rule)}
        th:first-child,td:first-child{text-align:left}th{font-weight:600}tbody th{color:var(--ink)}
        .plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:16px;margin-top:14px}
        figure{margin:0;padding:12px 14px;background:var(--panel);border-radius:8px;min-width:0}
        figcaption{font-size:.88rem;display:flex;flex-wrap:wrap;gap:2px 12px;margin-bottom:6px}figcaption b{color:var(--ink)}
        svg{display:block;width:100%;height:auto}svg text{fill:var(--dim);font-size:12px}
        .key::before{content:"";display:inline-block;width:14px;height:3px;margin-right:5px;vertical-align:middle;background:currentColor}
        .box::before{height:10px;width:10px}.key span{color:var(--dim)}
        .grid{stroke:var(--rule)}.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.dot{stroke:none}
        .p50{stroke:var(--p50);fill:var(--p50);color:var(--p50)}.p99{stroke:var(--p99);fill:var(--p99);color:var(--p99)}
        .max{stroke:var(--max);fill:var(--max);color:var(--max)}.limit{stroke:var(--limit);fill:var(--limit);color:var(--limit)}
        .line.p50,.line.p99,.line.max,.line.limit{fill:none}.line.max{stroke-width:1.2;stroke-dasharray:2 3}
        .line.limit{stroke-dasharray:7 4}
        .v0{fill:var(--v0);color:var(--v0)}.v1{fill:var(--v1);color:var(--v1)}.v2{fill:var(--v2);color:var(--v2)}
        .v3{fill:var(--v3);color:var(--v3)}.v4{fill:var(--v4);color:var(--v4)}.v5{fill:var(--v5);color:var(--v5)}
        .v6{fill:var(--v6);color:var(--v6)}.v7{fill:var(--v7);color:var(--v7)}.v8{fill:var(--v8);color:var(--v8)}
        .v9{fill:var(--v9);color:var(--v9)}.v10{fill:var(--v10);color:var(--v10)}.v11{fill:var(--v11);color:var(--v11)}
        .v12{fill:var(--v12);color:var(--v12)}.v13{fill:var(--v13);color:var(--v13)}
        details{margin-top:14px}summary{cursor:pointer;color:var(--dim)}
        footer{max-width:1180px;margin:0 auto;padding:18px 20px 40px;color:var(--dim);font-size:.88rem;border-top:1px solid var(--rule)}
        @media print{body{font-size:11px}section{break-inside:avoid-page}}
        """
}
