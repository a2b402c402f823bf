/// The report formats that findings are read from; the raw value is the profile's `report.format`.
public enum FindingsFormat: String, Sendable, Hashable, CaseIterable {
    /// `bandit --format json`.
    case banditJSON = "bandit-json"
    /// `semgrep scan --json`.
    case semgrepJSON = "semgrep-json"
    /// `cppcheck --xml --xml-version=2`.
    case cppcheckXML = "cppcheck-xml"
    /// `flawfinder --csv`.
    case flawfinderCSV = "flawfinder-csv"
    /// `shellcheck --format=json1`; several such objects after each other are one report.
    case shellcheckJSON1 = "shellcheck-json1"
    /// SARIF 2.1.0 (OASIS), as many scanners write it.
    case sarif
    /// `path:line:column: severity: message [rule]` a line, as gcc and many others print it.
    case gccText = "gcc-text"
}
