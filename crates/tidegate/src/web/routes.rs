//! The table of routes. A route that is not in it does not exist, so tests that walk the table forget none.

use super::Shared;
use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};

/// Who a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum For {
    /// Everybody.
    Anyone,
    /// Whoever holds the key of a report's mailbox.
    Reporter,
    /// Programs that come with a token; what they see is what its owner does.
    Token,
    /// Whoever is signed in; what they see is decided case by case.
    Person,
}

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// The method.
    pub method: &'static str,
    /// Who it is for.
    pub door: For,
}

/// Routes as they are added.
#[derive(Default)]
pub struct Routes {
    table: Vec<Route>,
    router: Router<Shared>,
}

impl Routes {
    /// Adds a page or another thing to read.
    #[must_use]
    pub fn get<H, T>(self, door: For, path: &'static str, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add(door, Method::GET, MethodFilter::GET, path, handler)
    }

    /// Adds something to be done.
    #[must_use]
    pub fn post<H, T>(self, door: For, path: &'static str, handler: H) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        self.add(door, Method::POST, MethodFilter::POST, path, handler)
    }

    fn add<H, T>(
        mut self,
        door: For,
        method: Method,
        filter: MethodFilter,
        path: &'static str,
        handler: H,
    ) -> Routes
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        let method = if method == Method::GET { "GET" } else { "POST" };
        self.table.push(Route { path, method, door });
        self.router = self.router.route(path, on(filter, handler));
        self
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    pub(super) fn into_router(self) -> Router<Shared> {
        self.router
    }
}
