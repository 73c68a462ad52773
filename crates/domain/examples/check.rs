fn main() {
    for file in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&file).unwrap();
        match tidegate_domain::policy::read(&text) {
            Err(faults) => {
                println!("{file}: FAULTS");
                for f in faults {
                    println!("  {f}");
                }
            }
            Ok(policy) => {
                let t = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
                let report = tidegate_domain::policy::check::check(&policy);
                let d = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - t;
                println!("{file}: {} states {} transitions {:?}", report.states, report.transitions, d);
                for f in report.findings {
                    println!("  {}: {}", f.kind.name(), f.what);
                    for p in f.path {
                        println!("      {p}");
                    }
                }
            }
        }
    }
}
