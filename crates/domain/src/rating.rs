//! Severity: CVSS vectors, their scores and bands (CS-06, SCS-03).

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest CVSS vector that is read, in bytes. The longest legal CVSS 4.0 vector has 203.
pub const VECTOR_BYTES_MAX: usize = 256;

/// The bands of CVSS 3.1 section 5 and CVSS 4.0 section 6, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// 0.0
    None,
    /// 0.1 to 3.9
    Low,
    /// 4.0 to 6.9
    Medium,
    /// 7.0 to 8.9
    High,
    /// 9.0 to 10.0
    Critical,
}

impl Severity {
    /// Every band, lowest first.
    pub const ALL: [Severity; 5] =
        [Severity::None, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The band's name as policies and pages write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Severity::None => "none",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The version of the standard that a vector is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CvssVersion {
    /// CVSS 3.0
    V3_0,
    /// CVSS 3.1
    V3_1,
    /// CVSS 4.0
    V4_0,
}

/// A CVSS vector together with the score it gives. Only a vector that the library could score exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rating {
    vector: String,
    tenths: u8,
}

impl Rating {
    /// The vector as the standard writes it: `CVSS:3.1/AV:N/...`.
    #[must_use]
    pub fn vector(&self) -> &str {
        &self.vector
    }

    /// The score in tenths, 0 to 100.
    #[must_use]
    pub fn tenths(&self) -> u8 {
        self.tenths
    }

    /// The score as CVSS writes it, 0.0 to 10.0.
    #[must_use]
    pub fn score(&self) -> f64 {
        f64::from(self.tenths) / 10.0
    }

    /// The band that the score falls into.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.tenths {
            0 => Severity::None,
            1..=39 => Severity::Low,
            40..=69 => Severity::Medium,
            70..=89 => Severity::High,
            90.. => Severity::Critical,
        }
    }

    /// Which version of the standard the vector is written in.
    #[must_use]
    pub fn version(&self) -> CvssVersion {
        match self.vector.get(..8) {
            Some("CVSS:4.0") => CvssVersion::V4_0,
            Some("CVSS:3.0") => CvssVersion::V3_0,
            Some(_) | None => CvssVersion::V3_1,
        }
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} {} ({})", self.score(), self.severity(), self.vector)
    }
}

/// The text is not a CVSS 3.0, 3.1 or 4.0 vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAVector(String);

impl fmt::Display for NotAVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a CVSS 3.1 or 4.0 vector: {}; one looks like CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
            self.0
        )
    }
}

impl std::error::Error for NotAVector {}

impl FromStr for Rating {
    type Err = NotAVector;

    fn from_str(text: &str) -> Result<Rating, NotAVector> {
        if text.len() > VECTOR_BYTES_MAX {
            return Err(NotAVector(format!("longer than {VECTOR_BYTES_MAX} bytes")));
        }
        let parsed: cvss::Cvss = text.trim().parse().map_err(|e: cvss::Error| NotAVector(e.to_string()))?;
        let vector = parsed.to_string();
        if !vector.starts_with("CVSS:4") {
            demand_base_metrics(&vector)?;
        }
        let tenths = (parsed.score() * 10.0).round().clamp(0.0, 100.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to 0..=100 above"
        )]
        let tenths = tenths as u8;
        Ok(Rating { vector, tenths })
    }
}

/// The library scores a version 3 vector with metrics left out as 0; the standard (3.1, section 6) calls
/// all eight base metrics mandatory.
fn demand_base_metrics(vector: &str) -> Result<(), NotAVector> {
    for metric in ["AV", "AC", "PR", "UI", "S", "C", "I", "A"] {
        let present =
            vector.split('/').any(|part| part.split_once(':').is_some_and(|(name, _)| name == metric));
        if !present {
            return Err(NotAVector(format!("the base metric {metric} is missing")));
        }
    }
    Ok(())
}

impl TryFrom<String> for Rating {
    type Error = NotAVector;

    fn try_from(text: String) -> Result<Rating, NotAVector> {
        text.parse()
    }
}

impl From<Rating> for String {
    fn from(rating: Rating) -> String {
        rating.vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_scored_by_the_standard() {
        let v31: Rating = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:L/I:H/A:N".parse().expect("a vector");
        assert_eq!((v31.tenths(), v31.severity(), v31.version()), (75, Severity::High, CvssVersion::V3_1));
        let v40: Rating =
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H".parse().expect("a vector");
        assert_eq!(
            (v40.tenths(), v40.severity(), v40.version()),
            (100, Severity::Critical, CvssVersion::V4_0)
        );
    }

    #[test]
    fn what_is_no_vector_is_named() {
        for bad in ["", "high", "CVSS:3.1/AV:N", "CVSS:9.9/AV:N", &"A".repeat(300)] {
            assert!(bad.parse::<Rating>().is_err(), "{bad}");
        }
    }
}
